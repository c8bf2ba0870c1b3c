// Best scores, for GPUs: score[b, m] = max over active j of v[b, j] . e[m]; the lowest j wins a tie; a user without interests
// scores 0 and has no winner. A workgroup owns 64 rows of interests by 64 candidates, staged in its memory four vec4 at a time;
// one invocation owns 4 rows by 4 candidates. The 4 rows are four interests of a user, so that the best is found without leaving
// the invocation, or four users of one interest each. The padding of a row of scores becomes zero.
//   interests   [users, interests, d]    read
//   counts      [users]                  read
//   candidates  [candidates, d]          read; all M, or those of one window
//   scores      [users, M]               write; the columns of these candidates
//   winners     [users, M / 4]           write; the same, four to a word, the first lowest; 255 for none

struct Params {
  users: u32,
  interests: u32,
  candidates: u32,
  quads: u32, // vec4 per row of interests and candidates
  tiles: u32, // tiles of 64 candidates
  keepWinners: u32, // 0 when nobody reads them
  first: u32, // first vec4 of a row of scores that is written
  pitch: u32, // vec4 per row of scores
}

override single = false; // one interest for each user
override chunks = 1u; // of 4 interests

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> interests: array<vec4f>;
@group(0) @binding(2) var<storage, read> counts: array<u32>;
@group(0) @binding(3) var<storage, read> candidates: array<vec4f>;
@group(0) @binding(4) var<storage, read_write> scores: array<vec4f>;
@group(0) @binding(5) var<storage, read_write> winners: array<u32>;

// Four columns of 64 vec4, 65 apart so that neighbours lie in different banks. A column of candidates holds every fourth one
// together, for neighbouring invocations read those at once.
var<workgroup> stagedRows: array<vec4f, 260>;
var<workgroup> stagedCandidates: array<vec4f, 260>;

// Of four candidates.
struct Best {
  score: vec4f,
  winner: vec4u,
}

// The first vec4 of row r of a block; rows past the end repeat the last one and are dropped later.
fn rowOf(block: u32, chunk: u32, r: u32) -> u32 {
  let user = min(select(block, block * 4u + r, single), params.users - 1u);
  let j = select(min(chunk * 4u + r, params.interests - 1u), 0u, single);
  return (user * params.interests + j) * params.quads;
}

fn challenge(best: Best, score: vec4f, j: u32, count: u32) -> Best {
  let wins = (vec4<bool>(j == 0u) | (score > best.score)) & vec4<bool>(j < count);
  return Best(select(best.score, score, wins), select(best.winner, vec4u(j), wins));
}

fn store(user: u32, quad: u32, best: Best) {
  if (user >= params.users || quad >= (params.candidates + 3u) / 4u) {
    return;
  }
  let valid = vec4u(quad * 4u) + vec4u(0u, 1u, 2u, 3u) < vec4u(params.candidates);
  let at = user * params.pitch + params.first + quad;
  scores[at] = select(vec4f(), best.score, valid);
  if (params.keepWinners == 1u) {
    let bytes = select(vec4u(255u), best.winner, valid) << vec4u(0u, 8u, 16u, 24u);
    winners[at] = bytes.x | bytes.y | bytes.z | bytes.w;
  }
}

@compute @workgroup_size(256)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) local: u32,
) {
  let index = group.x + group.y * groups.x;
  let tile = index % params.tiles * 64u;
  let firstBlock = index / params.tiles * 16u;
  let block = firstBlock + local / 16u;
  let quad = local % 16u;
  // What this invocation stages: vec4 number local % 4 of a row and of a candidate.
  let staged = local / 4u;
  let slot = local % 4u * 65u;
  let candidate = min(tile + staged, params.candidates - 1u) * params.quads;
  let none = Best(vec4f(), vec4u(255u));
  var best = none;
  for (var chunk = 0u; chunk < chunks; chunk++) {
    let row = rowOf(firstBlock + staged / 4u, chunk, staged % 4u);
    var sums = mat4x4f(); // column: candidate; row: row of the block
    for (var step = 0u; step < (params.quads + 3u) / 4u; step++) {
      let c = step * 4u + local % 4u;
      let source = min(c, params.quads - 1u);
      stagedRows[slot + staged] = select(vec4f(), interests[row + source], c < params.quads);
      stagedCandidates[slot + staged % 4u * 16u + staged / 4u] = candidates[candidate + source];
      workgroupBarrier();
      for (var q = 0u; q < 4u; q++) {
        let v = q * 65u + local / 16u * 4u;
        let e = q * 65u + quad;
        let rows = mat4x4f(stagedRows[v], stagedRows[v + 1u], stagedRows[v + 2u], stagedRows[v + 3u]);
        sums += mat4x4f(
          stagedCandidates[e] * rows,
          stagedCandidates[e + 16u] * rows,
          stagedCandidates[e + 32u] * rows,
          stagedCandidates[e + 48u] * rows,
        );
      }
      workgroupBarrier();
    }
    let s = transpose(sums);
    for (var r = 0u; r < 4u; r++) {
      let user = min(select(block, block * 4u + r, single), params.users - 1u);
      if (single) {
        store(block * 4u + r, tile / 4u + quad, challenge(none, s[r], 0u, counts[user]));
      } else {
        best = challenge(best, s[r], chunk * 4u + r, counts[user]);
      }
    }
  }
  if (!single) {
    store(block, tile / 4u + quad, best);
  }
}
