// Best scores, for subgroups of 8: score[b, m] = max over active j of v[b, j] . e[m]; the lowest j wins a tie; a user without
// interests scores 0 and has no winner. One invocation owns 4 rows of interests by 24 candidates. The rows are four interests
// of a user, so that the best is found without leaving the invocation, or four users of one interest each. A subgroup loads
// each candidate once and hands it round: on software adapters a load costs as much as twenty multiply-adds.
// The padding of a row of scores becomes zero.
//   interests   [users, interests, d]    read
//   counts      [users]                  read
//   candidates  [candidates, d]          read; all M, or those of one window
//   scores      [users, M]               write; the columns of these candidates
//   winners     [users, M / 4]           write; the same, four to a word, the first lowest; 255 for none

enable subgroups;

struct Params {
  users: u32,
  interests: u32,
  candidates: u32,
  quads: u32, // vec4 per row of interests and candidates
  tiles: u32, // tiles of 24 candidates
  keepWinners: u32, // 0 when nobody reads them
  first: u32, // first vec4 of a row of scores that is written
  pitch: u32, // vec4 per row of scores
}

override single = false; // one interest for each user
override chunks = 1u; // of 4 interests; known to the compiler, so that one chunk costs no loop

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> interests: array<vec4f>;
@group(0) @binding(2) var<storage, read> counts: array<u32>;
@group(0) @binding(3) var<storage, read> candidates: array<vec4f>;
@group(0) @binding(4) var<storage, read_write> scores: array<vec4f>;
@group(0) @binding(5) var<storage, read_write> winners: array<u32>;

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

@compute @workgroup_size(8)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(subgroup_invocation_id) lane: u32,
) {
  let index = group.x + group.y * groups.x;
  let tile = index % params.tiles;
  let block = index / params.tiles * 8u + lane;
  let count = counts[min(block, params.users - 1u)];
  var candidate: array<u32, 3>; // those that this invocation loads
  for (var i = 0u; i < 3u; i++) {
    candidate[i] = min(tile * 24u + i * 8u + lane, params.candidates - 1u) * params.quads;
  }
  let none = Best(vec4f(), vec4u(255u));
  var best = array<Best, 6>(none, none, none, none, none, none);
  for (var chunk = 0u; chunk < chunks; chunk++) {
    let row0 = rowOf(block, chunk, 0u);
    let row1 = rowOf(block, chunk, 1u);
    let row2 = rowOf(block, chunk, 2u);
    let row3 = rowOf(block, chunk, 3u);
    var sums = array<vec4f, 24>(); // of each candidate with the four rows
    for (var c = 0u; c < params.quads; c++) {
      let v = mat4x4f(interests[row0 + c], interests[row1 + c], interests[row2 + c], interests[row3 + c]);
      let e = array<vec4f, 3>(candidates[candidate[0] + c], candidates[candidate[1] + c], candidates[candidate[2] + c]);
      for (var m = 0u; m < 24u; m++) {
        sums[m] += subgroupShuffle(e[m / 8u], m % 8u) * v;
      }
    }
    for (var q = 0u; q < 6u; q++) {
      let s = transpose(mat4x4f(sums[q * 4u], sums[q * 4u + 1u], sums[q * 4u + 2u], sums[q * 4u + 3u]));
      for (var r = 0u; r < 4u; r++) {
        if (single) {
          let user = block * 4u + r;
          store(user, tile * 6u + q, challenge(none, s[r], 0u, counts[min(user, params.users - 1u)]));
        } else {
          best[q] = challenge(best[q], s[r], chunk * 4u + r, count);
        }
      }
    }
  }
  for (var q = 0u; q < 6u && !single; q++) {
    store(block, tile * 6u + q, best[q]);
  }
}
