// Sampled softmax backward, positives: ds_pos = f (p_0 - 1), f = upstream w_b / (T sum of weights), p from the saved log of the
// sum; 0 for users of weight 0. One invocation owns one user.
//   positive     [users]  read
//   targets      [users]  read
//   weights      [users]  read
//   logExpected  [items]  read; not looked at unless `corrected` is 1
//   logSums      [users]  read
//   total        [1]      read, sum of the weights
//   upstream     [1]      read
//   dPositive    [users]  write

struct Params {
  users: u32,
  quads: u32, // vec4 per row of negatives
  corrected: u32,
  inverseTemperature: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> positive: array<f32>;
@group(0) @binding(2) var<storage, read> targets: array<u32>;
@group(0) @binding(3) var<storage, read> weights: array<f32>;
@group(0) @binding(4) var<storage, read> logExpected: array<f32>;
@group(0) @binding(5) var<storage, read> logSums: array<f32>;
@group(0) @binding(6) var<storage, read> total: array<f32>;
@group(0) @binding(7) var<storage, read> upstream: array<f32>;
@group(0) @binding(8) var<storage, read_write> dPositive: array<f32>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let user = id.x + id.y * groups.x * 64u;
  if (user >= params.users) {
    return;
  }
  let weight = weights[user];
  if (weight <= 0.0) {
    dPositive[user] = 0.0;
    return;
  }
  var first = positive[user] * params.inverseTemperature;
  if (params.corrected == 1u) {
    first -= logExpected[targets[user]];
  }
  let factor = upstream[0] * weight * params.inverseTemperature / total[0];
  dPositive[user] = factor * (exp(first - logSums[user]) - 1.0);
}
