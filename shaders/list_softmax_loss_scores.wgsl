// Scores of each user's own candidates, the positive and a list of negatives: score[b, c] = max over active j of v[b, j] . e[b, c],
// the lowest j winning a tie. One invocation owns one candidate of one user. A user without interests scores 0 and has no winner.
//   interests  [users, interests, d]      read
//   counts     [users]                    read
//   positive   [users, d]                 read, candidate 0
//   negatives  [users, negatives, d]      read, candidates from 1 on
//   scores     [users, 1 + negatives]     write, row padding gets 0
//   winners    [users, 1 + negatives]     write, 255 for none

struct Params {
  users: u32,
  interests: u32,
  negatives: u32,
  quads: u32, // vec4 per row of interests and candidates
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> interests: array<vec4f>;
@group(0) @binding(2) var<storage, read> counts: array<u32>;
@group(0) @binding(3) var<storage, read> positive: array<vec4f>;
@group(0) @binding(4) var<storage, read> negatives: array<vec4f>;
@group(0) @binding(5) var<storage, read_write> scores: array<f32>;
@group(0) @binding(6) var<storage, read_write> winners: array<u32>;

// vec4 number q of a candidate.
fn candidateOf(user: u32, c: u32, q: u32) -> vec4f {
  if (c == 0u) {
    return positive[user * params.quads + q];
  }
  return negatives[(user * params.negatives + c - 1u) * params.quads + q];
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let index = id.x + id.y * groups.x * 64u;
  let pitch = (params.negatives + 4u) / 4u * 4u;
  let user = index / pitch;
  let c = index % pitch;
  if (user >= params.users) {
    return;
  }
  if (c > params.negatives) {
    scores[index] = 0.0;
    return;
  }
  var best = 0.0;
  var winner = 255u;
  for (var j = 0u; j < min(counts[user], params.interests); j++) {
    var score = 0.0;
    for (var q = 0u; q < params.quads; q++) {
      score += dot(interests[(user * params.interests + j) * params.quads + q], candidateOf(user, c, q));
    }
    if (j == 0u || score > best) {
      best = score;
      winner = j;
    }
  }
  scores[index] = best;
  winners[user * (params.negatives + 1u) + c] = winner;
}
