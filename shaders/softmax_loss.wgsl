// Sampled softmax, second step: loss_b = -log softmax(l)_0 over l_0 = s_pos / T - log(M q(pos)) and the negatives' logits
// l_m = s_m / T - log(M q(m)), without those whose id is the target's. Stable: a running maximum and sum.
// One invocation owns one user; those past the last write zeros into the padding.
//   positive     [users]             read
//   negatives    [users, negatives]  read
//   targets      [users]             read
//   weights      [users]             read; 0 leaves a user out
//   logExpected  [items]             read; not looked at unless `corrected` is 1
//   prepared     [2, negatives rounded up to 4]  read: bits of the corrections; ids
//   logSums      [users]             write, maximum + log of the sum
//   terms        [2, users]          write: weighted losses; weights

struct Params {
  users: u32,
  quads: u32, // vec4 per row of negatives
  corrected: u32,
  inverseTemperature: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> positive: array<f32>;
@group(0) @binding(2) var<storage, read> negatives: array<vec4f>;
@group(0) @binding(3) var<storage, read> targets: array<u32>;
@group(0) @binding(4) var<storage, read> weights: array<f32>;
@group(0) @binding(5) var<storage, read> logExpected: array<f32>;
@group(0) @binding(6) var<storage, read> prepared: array<vec4u>;
@group(0) @binding(7) var<storage, read_write> logSums: array<f32>;
@group(0) @binding(8) var<storage, read_write> terms: array<f32>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let user = id.x + id.y * groups.x * 64u;
  let pitch = (params.users + 3u) / 4u * 4u;
  if (user >= pitch) {
    return;
  }
  if (user >= params.users) {
    terms[user] = 0.0;
    terms[pitch + user] = 0.0;
    return;
  }
  let goal = targets[user];
  var first = positive[user] * params.inverseTemperature;
  if (params.corrected == 1u) {
    first -= logExpected[goal];
  }
  var largest = first;
  var sum = 1.0;
  for (var m = 0u; m < params.quads; m++) {
    let plain = negatives[user * params.quads + m] * params.inverseTemperature - bitcast<vec4f>(prepared[m]);
    let logits = select(plain, vec4f(-3e38), prepared[params.quads + m] == vec4u(goal));
    let next = max(largest, max(max(logits.x, logits.y), max(logits.z, logits.w)));
    sum = sum * exp(largest - next) + dot(exp(logits - next), vec4f(1.0));
    largest = next;
  }
  let logSum = largest + log(sum);
  let weight = weights[user];
  logSums[user] = logSum;
  terms[user] = select(0.0, weight * (logSum - first), weight > 0.0);
  terms[pitch + user] = weight;
}
