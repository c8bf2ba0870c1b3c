// Softmax over each user's own candidates, given their scores s, x = s / T:
//   loss_b = log(1 + e^t),  t = log N - x_0,  N = sum_m e^(x_m) w_m / mean w,  w_m = e^(hardness x_m), over the negatives of b's list
// without those whose id is the target's, or 0. In the scores' place it leaves the gradient of the loss for them, through w too:
// -f P for the positive and f P ((1 + hardness) p_m - hardness r_m), where p and r are the shares of the sums of w e^x and w,
// P = e^t / (1 + e^t) and f = weight_b / (T sum of weights). One invocation owns one user. Stable: running maxima and sums.
//   targets      [users]                  read
//   negativeIds  [users, negatives]       read
//   weights      [users]                  read; users of weight 0 get zeros
//   scores       [users, 1 + negatives]   read and written, the positive's first
//   terms        [users]                  write: the users' shares of the loss

struct Params {
  users: u32,
  negatives: u32,
  inverseTemperature: f32,
  hardness: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> targets: array<u32>;
@group(0) @binding(2) var<storage, read> negativeIds: array<u32>;
@group(0) @binding(3) var<storage, read> weights: array<f32>;
@group(0) @binding(4) var<storage, read_write> scores: array<f32>;
@group(0) @binding(5) var<storage, read_write> terms: array<f32>;

fn takesPart(user: u32, m: u32) -> bool {
  let item = negativeIds[user * params.negatives + m];
  return item != 0u && item != targets[user];
}

// The logarithms of what a negative adds to the sums of w e^x and w.
fn exponentsOf(score: f32) -> vec2f {
  return vec2f(1.0 + params.hardness, params.hardness) * score * params.inverseTemperature;
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let user = id.x + id.y * groups.x * 64u;
  if (user >= params.users) {
    return;
  }
  let first = user * ((params.negatives + 4u) / 4u * 4u);
  var largest = vec2f(-3e38);
  var sums = vec2f();
  var count = 0.0;
  for (var m = 0u; m < params.negatives; m++) {
    if (takesPart(user, m)) {
      let exponents = exponentsOf(scores[first + 1u + m]);
      let next = max(largest, exponents);
      sums = sums * exp(largest - next) + exp(exponents - next);
      largest = next;
      count += 1.0;
    }
  }
  var total = 0.0;
  for (var b = 0u; b < params.users; b++) {
    total += weights[b];
  }
  var share = 0.0;
  if (weights[user] > 0.0) {
    share = weights[user] / total;
  }
  // A user without negatives has nothing to tell apart.
  let some = count > 0.0;
  let logs = select(vec2f(), largest + log(sums), some);
  let t = logs.x - logs.y + log(max(count, 1.0)) - scores[first] * params.inverseTemperature;
  let small = exp(-abs(t));
  terms[user] = select(0.0, share * (max(t, 0.0) + log(1.0 + small)), some);
  let factor = select(0.0, share * params.inverseTemperature * select(small, 1.0, t >= 0.0) / (1.0 + small), some);
  scores[first] = -factor;
  for (var m = 0u; m < params.negatives; m++) {
    var gradient = 0.0;
    if (takesPart(user, m)) {
      let shares = exp(exponentsOf(scores[first + 1u + m]) - logs);
      gradient = factor * ((1.0 + params.hardness) * shares.x - params.hardness * shares.y);
    }
    scores[first + 1u + m] = gradient;
  }
}
