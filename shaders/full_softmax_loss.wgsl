// Full softmax: loss_b = -log softmax(scores[b, 1..V] / T) at the target; column 0, the padding, never takes part.
// Stable: a running maximum and sum. One invocation owns one user; those past the last write zeros into the padding of terms.
//   scores   [users, columns]  read
//   targets  [users]           read; a user whose target is 0 counts as one of weight 0
//   weights  [users]           read
//   logSums  [users]           write, maximum + log of the sum
//   terms    [2, users]        write: weighted losses; weights

struct Params {
  users: u32,
  columns: u32,
  inverseTemperature: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> scores: array<vec4f>;
@group(0) @binding(2) var<storage, read> targets: array<u32>;
@group(0) @binding(3) var<storage, read> weights: array<f32>;
@group(0) @binding(4) var<storage, read_write> logSums: array<f32>;
@group(0) @binding(5) var<storage, read_write> terms: array<f32>;

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
  let quads = (params.columns + 3u) / 4u;
  let goal = targets[user];
  let own = scores[user * quads + goal / 4u][goal % 4u] * params.inverseTemperature;
  var largest = -3e38;
  var sum = 0.0;
  for (var q = 0u; q < quads; q++) {
    let column = vec4u(q * 4u) + vec4u(0u, 1u, 2u, 3u);
    let takesPart = (column > vec4u(0u)) & (column < vec4u(params.columns));
    let logits = select(vec4f(-3e38), scores[user * quads + q] * params.inverseTemperature, takesPart);
    let next = max(largest, max(max(logits.x, logits.y), max(logits.z, logits.w)));
    sum = sum * exp(largest - next) + dot(select(vec4f(), exp(logits - next), takesPart), vec4f(1.0));
    largest = next;
  }
  let logSum = largest + log(sum);
  let weight = select(weights[user], 0.0, goal == 0u);
  logSums[user] = logSum;
  terms[user] = select(0.0, weight * (logSum - own), weight > 0.0);
  terms[pitch + user] = weight;
}
