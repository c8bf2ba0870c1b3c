// Sampled softmax with interest-aware hard negatives (REMI), given the scores s of the shared negatives, x = s / T, c = log(M q):
//   loss_b = -log(e^l / (e^l + N)),  l = x_0 - c_0,  N = sum_m e^(x_m - c_m) w_m / mean w,  w_m = e^(hardness x_m),
// where the mean of w weighs negative m by e^-c_m; without negatives whose id is the target's, or 0. The positive's s_0 = max over
// active j of v[b, j] . positive[b], the lowest j winning a tie. In the scores' place it leaves the gradient of the loss for them,
// through w too: f P ((1 + hardness) p_m - hardness r_m), where p and r are the shares of the sums of w e^(x - c) and w e^-c,
// P = N / (e^l + N) and f = w_b / (T sum of weights); and -f P beside them. One invocation owns one user. Stable: running maxima.
//   interests    [users, interests, d]  read
//   counts       [users]                read
//   positive     [users, d]             read
//   targets      [users]                read
//   weights      [users]                read; users of weight 0 get zeros
//   negativeIds  [negatives]            read
//   logExpected  [items]                read, c; not looked at unless `corrected` is 1
//   scores       [users, negatives]     read and written
//   own          [users]                write: the gradient for the positive's score; its winner
//   terms        [users]                write: the users' shares of the loss

struct Params {
  users: u32,
  interests: u32,
  negatives: u32,
  quads: u32, // vec4 per row of interests and positive
  corrected: u32,
  keepGradient: u32, // 0 when nobody reads it
  inverseTemperature: f32,
  hardness: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> interests: array<vec4f>;
@group(0) @binding(2) var<storage, read> counts: array<u32>;
@group(0) @binding(3) var<storage, read> positive: array<vec4f>;
@group(0) @binding(4) var<storage, read> targets: array<u32>;
@group(0) @binding(5) var<storage, read> weights: array<f32>;
@group(0) @binding(6) var<storage, read> negativeIds: array<u32>;
@group(0) @binding(7) var<storage, read> logExpected: array<f32>;
@group(0) @binding(8) var<storage, read_write> scores: array<f32>;
@group(0) @binding(9) var<storage, read_write> own: array<vec2f>;
@group(0) @binding(10) var<storage, read_write> terms: array<f32>;

fn correctionOf(item: u32) -> f32 {
  var correction = 0.0;
  if (params.corrected == 1u) {
    correction = logExpected[item];
  }
  return correction;
}

fn takesPart(m: u32, goal: u32) -> bool {
  let item = negativeIds[min(m, params.negatives - 1u)];
  return m < params.negatives && item != goal && item != 0u;
}

// The logarithms of what negative m adds to the sums of w e^(x - c), w e^-c and e^-c.
fn exponentsOf(m: u32, score: f32) -> vec3f {
  let x = score * params.inverseTemperature;
  return vec3f((1.0 + params.hardness) * x, params.hardness * x, 0.0) - correctionOf(negativeIds[m]);
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let user = id.x + id.y * groups.x * 64u;
  if (user >= params.users) {
    return;
  }
  let count = min(counts[user], params.interests);
  var score = 0.0;
  var winner = 0u;
  for (var j = 0u; j < count; j++) {
    var s = 0.0;
    for (var c = 0u; c < params.quads; c++) {
      s += dot(interests[(user * params.interests + j) * params.quads + c], positive[user * params.quads + c]);
    }
    if (j == 0u || s > score) {
      score = s;
      winner = j;
    }
  }
  let goal = targets[user];
  let pitch = (params.negatives + 3u) / 4u * 4u;
  var largest = vec3f(-3e38);
  var sums = vec3f();
  for (var m = 0u; m < params.negatives; m++) {
    if (takesPart(m, goal)) {
      let exponents = exponentsOf(m, scores[user * pitch + m]);
      let next = max(largest, exponents);
      sums = sums * exp(largest - next) + exp(exponents - next);
      largest = next;
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
  // log N - l, and the loss and P by it; a user without negatives has neither.
  let some = sums.z > 0.0;
  let logs = select(vec3f(), largest + log(sums), some);
  let t = logs.x - logs.y + logs.z - (score * params.inverseTemperature - correctionOf(goal));
  let small = exp(-abs(t));
  terms[user] = select(0.0, share * (max(t, 0.0) + log(1.0 + small)), some);
  if (params.keepGradient == 0u) {
    return;
  }
  let factor = select(0.0, share * params.inverseTemperature * select(small, 1.0, t >= 0.0) / (1.0 + small), some);
  for (var m = 0u; m < pitch; m++) {
    var gradient = 0.0;
    if (takesPart(m, goal)) {
      let shares = exp(exponentsOf(m, scores[user * pitch + m]) - logs);
      gradient = factor * ((1.0 + params.hardness) * shares.x - params.hardness * shares.y);
    }
    scores[user * pitch + m] = gradient;
  }
  // The score of a user without interests depends on nothing.
  own[user] = select(vec2f(), vec2f(-factor, f32(winner)), count > 0u);
}
