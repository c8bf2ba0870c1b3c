// Sampled softmax with interest-aware hard negatives (REMI), for GPUs, given the scores s of the shared negatives, x = s / T:
//   loss_b = -log(e^l / (e^l + N)),  l = x_0 - c_0,  N = sum_m e^(x_m - c_m) w_m / mean w,  w_m = e^(hardness x_m),  c = log(M q),
// where the mean of w weighs negative m by e^-c_m; without negatives whose id is the target's, or 0. The positive's s_0 = max over
// active j of v[b, j] . positive[b], the lowest j winning a tie. In the scores' place it leaves the gradient of the loss for them,
// through w too: f P ((1 + hardness) p_m - hardness r_m), where p and r are the shares of the sums of w e^(x - c) and w e^-c,
// P = N / (e^l + N) and f = w_b / (T sum of weights); and -f P beside them. A workgroup owns one user; an invocation owns every
// 256th score and interest number `local`. Stable: running maxima and sums, brought together in a fixed order.
// Bindings are those of sampled_softmax_loss_hard.wgsl; users of weight 0 get zeros.

struct Params {
  users: u32,
  interests: u32, // at most 255
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

var<workgroup> positiveScores: array<f32, 256>; // by interest
var<workgroup> maxima: array<vec3f, 256>;
var<workgroup> partial: array<vec4f, 256>; // three sums of exponentials above the maxima, sum of weights

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

@compute @workgroup_size(256)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) local: u32,
) {
  let user = group.x + group.y * groups.x;
  if (user >= params.users) {
    return;
  }
  let count = min(counts[user], params.interests);
  let goal = targets[user];
  let pitch = (params.negatives + 3u) / 4u * 4u;
  let turns = (pitch + 255u - local) / 256u;
  if (local < count) {
    var s = 0.0;
    for (var c = 0u; c < params.quads; c++) {
      s += dot(interests[(user * params.interests + local) * params.quads + c], positive[user * params.quads + c]);
    }
    positiveScores[local] = s;
  }
  var largest = vec3f(-3e38);
  var sums = vec4f();
  for (var turn = 0u; turn < turns; turn++) {
    let m = turn * 256u + local;
    if (takesPart(m, goal)) {
      let exponents = exponentsOf(m, scores[user * pitch + m]);
      let next = max(largest, exponents);
      sums = vec4f(sums.xyz * exp(largest - next) + exp(exponents - next), 0.0);
      largest = next;
    }
  }
  for (var turn = 0u; turn < (params.users + 255u - local) / 256u; turn++) {
    sums.w += weights[turn * 256u + local];
  }
  maxima[local] = largest;
  partial[local] = sums;
  workgroupBarrier();
  for (var step = 0u; step < 8u; step++) {
    let half = 128u >> step;
    if (local < half) {
      let other = local + half;
      let next = max(maxima[local], maxima[other]);
      let mine = vec4f(exp(maxima[local] - next), 1.0);
      partial[local] = partial[local] * mine + partial[other] * vec4f(exp(maxima[other] - next), 1.0);
      maxima[local] = next;
    }
    workgroupBarrier();
  }
  var score = 0.0;
  var winner = 0u;
  for (var j = 0u; j < count; j++) {
    if (j == 0u || positiveScores[j] > score) {
      score = positiveScores[j];
      winner = j;
    }
  }
  let all = partial[0];
  var share = 0.0;
  if (weights[user] > 0.0) {
    share = weights[user] / all.w;
  }
  // log N - l, and the loss and P by it; a user without negatives has neither.
  let some = all.z > 0.0;
  let logs = select(vec3f(), maxima[0] + log(all.xyz), some);
  let t = logs.x - logs.y + logs.z - (score * params.inverseTemperature - correctionOf(goal));
  let small = exp(-abs(t));
  let factor = select(0.0, share * params.inverseTemperature * select(small, 1.0, t >= 0.0) / (1.0 + small), some);
  if (local == 0u) {
    terms[user] = select(0.0, share * (max(t, 0.0) + log(1.0 + small)), some);
  }
  if (params.keepGradient == 0u) {
    return;
  }
  if (local == 0u) {
    // The score of a user without interests depends on nothing.
    own[user] = select(vec2f(), vec2f(-factor, f32(winner)), count > 0u);
  }
  for (var turn = 0u; turn < turns; turn++) {
    let m = turn * 256u + local;
    var gradient = 0.0;
    if (takesPart(m, goal)) {
      let shares = exp(exponentsOf(m, scores[user * pitch + m]) - logs);
      gradient = factor * ((1.0 + params.hardness) * shares.x - params.hardness * shares.y);
    }
    scores[user * pitch + m] = gradient;
  }
}
