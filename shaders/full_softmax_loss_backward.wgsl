// Full softmax backward: ds_v = f (p_v - [v = target]), f = upstream w_b / (T sum of weights), p from the saved log of the sum;
// 0 in column 0 and for users of weight 0 or without target. One invocation owns four columns of one user.
//   scores    [users, columns]  read
//   targets   [users]           read
//   weights   [users]           read
//   logSums   [users]           read
//   total     [1]               read, sum of the weights
//   upstream  [1]               read
//   dScores   [users, columns]  write

struct Params {
  users: u32,
  columns: u32,
  inverseTemperature: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> scores: array<vec4f>;
@group(0) @binding(2) var<storage, read> targets: array<u32>;
@group(0) @binding(3) var<storage, read> weights: array<f32>;
@group(0) @binding(4) var<storage, read> logSums: array<f32>;
@group(0) @binding(5) var<storage, read> total: array<f32>;
@group(0) @binding(6) var<storage, read> upstream: array<f32>;
@group(0) @binding(7) var<storage, read_write> dScores: array<vec4f>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let index = id.x + id.y * groups.x * 64u;
  let quads = (params.columns + 3u) / 4u;
  let user = index / quads;
  if (user >= params.users) {
    return;
  }
  let column = vec4u(index % quads * 4u) + vec4u(0u, 1u, 2u, 3u);
  let goal = targets[user];
  let weight = weights[user];
  let counts = weight > 0.0 && goal > 0u;
  let factor = select(0.0, upstream[0] * weight * params.inverseTemperature / total[0], counts);
  let takesPart = (column > vec4u(0u)) & (column < vec4u(params.columns)) & vec4<bool>(counts);
  let p = exp(scores[index] * params.inverseTemperature - logSums[user]);
  dScores[index] = select(vec4f(), factor * (p - vec4f(column == vec4u(goal))), takesPart);
}
