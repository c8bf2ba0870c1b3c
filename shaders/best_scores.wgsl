// Best scores: score[b, m] = max over active j of v[b, j] . e[m]; the lowest j wins a tie; a user without interests scores 0
// and has no winner.
// One invocation owns 8 candidates of 2 users, whose interests it takes in chunks of 4, or of 8 users where there is one
// interest each: an 8 x 8 tile of products in both cases. The padding of a row of scores becomes zero.
//   interests   [users, interests, d]               read
//   counts      [users]                             read
//   candidates  [candidates, d]                     read; all M, or those of one window
//   scores      [users, M]                          write; the columns of these candidates
//   winners     [users, M / 4]                      write; the same, four to a word, the first lowest; 255 for none

struct Params {
  users: u32,
  interests: u32,
  candidates: u32,
  quads: u32, // vec4 per row of interests and candidates
  tiles: u32, // tiles of 8 candidates
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

struct Best {
  score: vec4f,
  winner: vec4u,
}

// The first vec4 of row i of a tile; rows past the end repeat the last one and are dropped later.
fn rowOf(group: u32, chunk: u32, i: u32) -> u32 {
  let user = min(group * 2u + i / 4u, params.users - 1u);
  let one = min(group * 8u + i, params.users - 1u);
  let many = user * params.interests + min(chunk * 4u + i % 4u, params.interests - 1u);
  return select(many, one, single) * params.quads;
}

fn candidateOf(tile: u32, i: u32) -> u32 {
  return min(tile * 8u + i, params.candidates - 1u) * params.quads;
}

fn challenge(best: Best, score: vec4f, j: u32, count: u32) -> Best {
  let wins = (vec4<bool>(j == 0u) | (score > best.score)) & vec4<bool>(j < count);
  return Best(select(best.score, score, wins), select(best.winner, vec4u(j), wins));
}

// The best of four interests, given their scores of four candidates as columns.
fn challengeAll(best: Best, s: mat4x4f, chunk: u32, count: u32) -> Best {
  let j = chunk * 4u;
  let two = challenge(challenge(best, s[0], j, count), s[1], j + 1u, count);
  return challenge(challenge(two, s[2], j + 2u, count), s[3], j + 3u, count);
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

// Column i of four, without a dynamic index into registers.
fn pick(m: mat4x4f, i: u32) -> vec4f {
  return select(select(m[3], m[2], i == 2u), select(m[1], m[0], i == 0u), i < 2u);
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let index = id.x + id.y * groups.x * 64u;
  let group = index / params.tiles;
  let tile = index % params.tiles;
  if (group * select(2u, 8u, single) >= params.users) {
    return;
  }
  let m = array<u32, 8>(
    candidateOf(tile, 0u), candidateOf(tile, 1u), candidateOf(tile, 2u), candidateOf(tile, 3u),
    candidateOf(tile, 4u), candidateOf(tile, 5u), candidateOf(tile, 6u), candidateOf(tile, 7u),
  );
  let firstUser = group * 2u;
  let firstCount = counts[min(firstUser, params.users - 1u)];
  let secondCount = counts[min(firstUser + 1u, params.users - 1u)];
  let none = Best(vec4f(), vec4u(255u));
  var b00 = none;
  var b01 = none;
  var b10 = none;
  var b11 = none;
  for (var chunk = 0u; chunk < chunks; chunk++) {
    let r = array<u32, 8>(
      rowOf(group, chunk, 0u), rowOf(group, chunk, 1u), rowOf(group, chunk, 2u), rowOf(group, chunk, 3u),
      rowOf(group, chunk, 4u), rowOf(group, chunk, 5u), rowOf(group, chunk, 6u), rowOf(group, chunk, 7u),
    );
    // Column: interest; row: candidate.
    var s00 = mat4x4f();
    var s01 = mat4x4f();
    var s10 = mat4x4f();
    var s11 = mat4x4f();
    for (var c = 0u; c < params.quads; c++) {
      let v0 = mat4x4f(interests[r[0] + c], interests[r[1] + c], interests[r[2] + c], interests[r[3] + c]);
      let v1 = mat4x4f(interests[r[4] + c], interests[r[5] + c], interests[r[6] + c], interests[r[7] + c]);
      let e0 = mat4x4f(candidates[m[0] + c], candidates[m[1] + c], candidates[m[2] + c], candidates[m[3] + c]);
      let e1 = mat4x4f(candidates[m[4] + c], candidates[m[5] + c], candidates[m[6] + c], candidates[m[7] + c]);
      s00 += transpose(e0) * v0;
      s01 += transpose(e1) * v0;
      s10 += transpose(e0) * v1;
      s11 += transpose(e1) * v1;
    }
    if (single) {
      for (var i = 0u; i < min(8u, params.users - group * 8u); i++) {
        let user = group * 8u + i;
        let count = counts[user];
        let near = select(pick(s10, i % 4u), pick(s00, i % 4u), i < 4u);
        let far = select(pick(s11, i % 4u), pick(s01, i % 4u), i < 4u);
        store(user, tile * 2u, challenge(none, near, 0u, count));
        store(user, tile * 2u + 1u, challenge(none, far, 0u, count));
      }
      return;
    }
    b00 = challengeAll(b00, s00, chunk, firstCount);
    b01 = challengeAll(b01, s01, chunk, firstCount);
    b10 = challengeAll(b10, s10, chunk, secondCount);
    b11 = challengeAll(b11, s11, chunk, secondCount);
  }
  store(firstUser, tile * 2u, b00);
  store(firstUser, tile * 2u + 1u, b01);
  store(firstUser + 1u, tile * 2u, b10);
  store(firstUser + 1u, tile * 2u + 1u, b11);
}
