// Sampled softmax backward, negatives: ds_m = f p_m, f = upstream w_b / (T sum of weights), p from the saved log of the sum.
// Accidental hits and users of weight 0 get 0. One invocation owns four negatives of one user.
//   negatives   [users, negatives]  read
//   targets     [users]             read
//   weights     [users]             read
//   prepared    [2, negatives rounded up to 4]  read: bits of the corrections; ids
//   logSums     [users]             read
//   total       [1]                 read, sum of the weights
//   upstream    [1]                 read
//   dNegatives  [users, negatives]  write

struct Params {
  users: u32,
  quads: u32, // vec4 per row of negatives
  corrected: u32,
  inverseTemperature: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> negatives: array<vec4f>;
@group(0) @binding(2) var<storage, read> targets: array<u32>;
@group(0) @binding(3) var<storage, read> weights: array<f32>;
@group(0) @binding(4) var<storage, read> prepared: array<vec4u>;
@group(0) @binding(5) var<storage, read> logSums: array<f32>;
@group(0) @binding(6) var<storage, read> total: array<f32>;
@group(0) @binding(7) var<storage, read> upstream: array<f32>;
@group(0) @binding(8) var<storage, read_write> dNegatives: array<vec4f>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let index = id.x + id.y * groups.x * 64u;
  let user = index / params.quads;
  let m = index % params.quads;
  if (user >= params.users) {
    return;
  }
  let weight = weights[user];
  let counts = weight > 0.0;
  let factor = select(0.0, upstream[0] * weight * params.inverseTemperature / total[0], counts);
  let plain = negatives[index] * params.inverseTemperature - bitcast<vec4f>(prepared[m]);
  let logits = select(plain, vec4f(-3e38), prepared[params.quads + m] == vec4u(targets[user]));
  dNegatives[index] = select(vec4f(), factor * exp(logits - logSums[user]), counts);
}
