// Sampled softmax, given the scores s of the shared negatives: loss_b = -log softmax(l)_0 over
//   l_0 = s_0 / T - log(M q(positive)),  s_0 = max over active j of v[b, j] . positive[b], the lowest j winning a tie
//   l_m = s_m / T - log(M q(m)), without those whose id is the target's, or 0
// In the scores' place it leaves the gradient of the loss for them, f p_m with f = w_b / (T sum of weights), and f (p_0 - 1)
// beside them. One invocation owns one user. Stable: a running maximum and sum. Users of weight 0 get zeros.
//   interests    [users, interests, d]  read
//   counts       [users]                read
//   positive     [users, d]             read
//   targets      [users]                read
//   weights      [users]                read
//   negativeIds  [negatives]            read
//   logExpected  [items]                read, log(M q); not looked at unless `corrected` is 1
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
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> interests: array<vec4f>;
@group(0) @binding(2) var<storage, read> counts: array<u32>;
@group(0) @binding(3) var<storage, read> positive: array<vec4f>;
@group(0) @binding(4) var<storage, read> targets: array<u32>;
@group(0) @binding(5) var<storage, read> weights: array<f32>;
@group(0) @binding(6) var<storage, read> negativeIds: array<u32>;
@group(0) @binding(7) var<storage, read> logExpected: array<f32>;
@group(0) @binding(8) var<storage, read_write> scores: array<vec4f>;
@group(0) @binding(9) var<storage, read_write> own: array<vec2f>;
@group(0) @binding(10) var<storage, read_write> terms: array<f32>;

fn logitOf(score: f32, item: u32) -> f32 {
  var correction = 0.0;
  if (params.corrected == 1u) {
    correction = logExpected[item];
  }
  return score * params.inverseTemperature - correction;
}

// The logit of a negative; too low to matter for an accidental hit, for padding and past the last one.
fn negativeOf(m: u32, score: f32, goal: u32) -> f32 {
  let item = negativeIds[min(m, params.negatives - 1u)];
  return select(logitOf(score, item), -3e38, m >= params.negatives || item == goal || item == 0u);
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
  let first = logitOf(score, goal);
  let width = (params.negatives + 3u) / 4u;
  var largest = first;
  var sum = 1.0;
  for (var q = 0u; q < width; q++) {
    let m = q * 4u;
    let s = scores[user * width + q];
    let logits = vec4f(
      negativeOf(m, s.x, goal),
      negativeOf(m + 1u, s.y, goal),
      negativeOf(m + 2u, s.z, goal),
      negativeOf(m + 3u, s.w, goal),
    );
    scores[user * width + q] = logits;
    let next = max(largest, max(max(logits.x, logits.y), max(logits.z, logits.w)));
    sum = sum * exp(largest - next) + dot(exp(logits - next), vec4f(1.0));
    largest = next;
  }
  let logSum = largest + log(sum);
  var total = 0.0;
  for (var b = 0u; b < params.users; b++) {
    total += weights[b];
  }
  var share = 0.0;
  if (weights[user] > 0.0) {
    share = weights[user] / total;
  }
  terms[user] = share * (logSum - first);
  if (params.keepGradient == 0u) {
    return;
  }
  let factor = share * params.inverseTemperature;
  for (var q = 0u; q < width; q++) {
    scores[user * width + q] = factor * exp(scores[user * width + q] - logSum);
  }
  // The score of a user without interests depends on nothing.
  own[user] = select(vec2f(), vec2f(factor * (exp(first - logSum) - 1.0), f32(winner)), count > 0u);
}
