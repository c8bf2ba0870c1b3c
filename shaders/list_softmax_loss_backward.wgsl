// Gradients of the scores of own candidates, given g for them: dv[b, j] = sum over c with winner[b, c] = j of g[b, c] e[b, c], and
// de[b, c] = g[b, c] v[b, winner[b, c]], all times upstream; with `apart` dv[b, j] has sum_i coefficients[b, j, i] v[b, i] more. One invocation owns four columns of one row of a user: of an interest,
// of the positive or of a negative, in this order. Inactive interests, and candidates without winner, get zeros.
//   interests     [users, interests, d]          read
//   positive      [users, d]                     read, candidate 0
//   negatives     [users, negatives, d]          read, candidates from 1 on
//   g             [users, 1 + negatives]         read
//   winners       [users, 1 + negatives]         read, 255 for none
//   upstream      [1]                            read
//   coefficients  [users, interests, interests]  read with `apart`
//   dInterests    [users, interests, d]          write
//   dPositive     [users, d]                     write
//   dNegatives    [users, negatives, d]          write

override apart: bool = false;

struct Params {
  users: u32,
  interests: u32,
  negatives: u32,
  quads: u32, // vec4 per row of interests and candidates
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> interests: array<vec4f>;
@group(0) @binding(2) var<storage, read> positive: array<vec4f>;
@group(0) @binding(3) var<storage, read> negatives: array<vec4f>;
@group(0) @binding(4) var<storage, read> g: array<f32>;
@group(0) @binding(5) var<storage, read> winners: array<u32>;
@group(0) @binding(6) var<storage, read> upstream: array<f32>;
@group(0) @binding(7) var<storage, read> coefficients: array<f32>;
@group(0) @binding(8) var<storage, read_write> dInterests: array<vec4f>;
@group(0) @binding(9) var<storage, read_write> dPositive: array<vec4f>;
@group(0) @binding(10) var<storage, read_write> dNegatives: array<vec4f>;

fn gradientOf(user: u32, c: u32) -> f32 {
  return g[user * ((params.negatives + 4u) / 4u * 4u) + c];
}

// What the winner of candidate c brings to its gradient.
fn fromWinner(user: u32, c: u32, q: u32) -> vec4f {
  let j = winners[user * (params.negatives + 1u) + c];
  if (j >= params.interests) {
    return vec4f();
  }
  return gradientOf(user, c) * interests[(user * params.interests + j) * params.quads + q];
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let index = id.x + id.y * groups.x * 64u;
  let q = index % params.quads;
  let rows = params.interests + 1u + params.negatives;
  let user = index / params.quads / rows;
  let row = index / params.quads % rows;
  if (user >= params.users) {
    return;
  }
  if (row > params.interests) {
    let m = row - params.interests - 1u;
    dNegatives[(user * params.negatives + m) * params.quads + q] = upstream[0] * fromWinner(user, m + 1u, q);
    return;
  }
  if (row == params.interests) {
    dPositive[user * params.quads + q] = upstream[0] * fromWinner(user, 0u, q);
    return;
  }
  var sum = vec4f();
  let first = user * (params.negatives + 1u);
  if (winners[first] == row) {
    sum = gradientOf(user, 0u) * positive[user * params.quads + q];
  }
  for (var m = 0u; m < params.negatives; m++) {
    if (winners[first + 1u + m] == row) {
      sum += gradientOf(user, m + 1u) * negatives[(user * params.negatives + m) * params.quads + q];
    }
  }
  if (apart) {
    let pitch = (params.interests + 3u) / 4u * 4u;
    for (var i = 0u; i < params.interests; i++) {
      let coefficient = coefficients[(user * params.interests + row) * pitch + i];
      sum += coefficient * interests[(user * params.interests + i) * params.quads + q];
    }
  }
  dInterests[(user * params.interests + row) * params.quads + q] = upstream[0] * sum;
}
