// Dynamic routing over votes: w_ij = softmax over interests j of b_ij, z_j = sum_i w_ij v_ij, b_ij += squash(z_j) . v_ij.
// The logits b start at zero, so the sum of an interest's vectors so far, G_j, is all that is kept of them: b_ij = G_j . v_ij.
// One workgroup owns one user. In turn an invocation owns a behaviour (weights) and four columns of an interest (sums).
//   votes    [batch, length, interests h]  read; h is a multiple of 4
//   lengths  [batch]                       read
//   z        [batch, interests, h]         write, of the last iteration; 0 for users with no behaviours
//   weights  [batch, length, interests]    write, of the last iteration; padding of behaviours and of rows gets zero

override workgroupSize: u32 = 64u;
override weightCount: u32 = 256u; // length interests
override stateQuads: u32 = 64u; // interests hQuads

struct Params {
  batch: u32,
  length: u32,
  interests: u32,
  interestPitch: u32, // floats from one row of weights to the next
  hQuads: u32,
  iterations: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> votes: array<vec4f>;
@group(0) @binding(2) var<storage, read> lengths: array<u32>;
@group(0) @binding(3) var<storage, read_write> z: array<vec4f>;
@group(0) @binding(4) var<storage, read_write> weights: array<f32>;

var<workgroup> w: array<f32, weightCount>;
var<workgroup> state: array<vec4f, stateQuads>; // G
var<workgroup> sums: array<vec4f, stateQuads>;  // z
var<workgroup> scale: array<f32, 64>;           // squash's factor of each interest

/// The weights of behaviour i, whose votes begin at `first`.
fn weigh(i: u32, first: u32) {
  var most = -3.4e38;
  for (var j = 0u; j < params.interests; j++) {
    let at = j * params.hQuads;
    var products = vec4f();
    for (var c = 0u; c < params.hQuads; c++) {
      products = fma(state[at + c], votes[first + at + c], products);
    }
    let logit = dot(products, vec4f(1.0));
    w[i * params.interests + j] = logit;
    most = max(most, logit);
  }
  var total = 0.0;
  for (var j = 0u; j < params.interests; j++) {
    let value = exp(w[i * params.interests + j] - most);
    w[i * params.interests + j] = value;
    total += value;
  }
  for (var j = 0u; j < params.interests; j++) {
    w[i * params.interests + j] /= total;
  }
}

@compute @workgroup_size(workgroupSize)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let user = group.x + group.y * groups.x;
  if (user >= params.batch) {
    return;
  }
  let width = params.interests * params.hQuads;
  let first = user * params.length * width;
  let n = min(lengths[user], params.length);
  for (var i = lane; i < n * params.interests; i += workgroupSize) {
    w[i] = 1.0 / f32(params.interests);
  }
  for (var at = lane; at < width; at += workgroupSize) {
    state[at] = vec4f();
  }
  workgroupBarrier();
  for (var t = 0u; t < params.iterations; t++) {
    if (t > 0u) {
      for (var i = lane; i < n; i += workgroupSize) {
        weigh(i, first + i * width);
      }
      workgroupBarrier();
    }
    for (var at = lane; at < width; at += workgroupSize) {
      let j = at / params.hQuads;
      var sum = vec4f();
      for (var i = 0u; i < n; i++) {
        sum = fma(vec4f(w[i * params.interests + j]), votes[first + i * width + at], sum);
      }
      sums[at] = sum;
    }
    workgroupBarrier();
    for (var j = lane; j < params.interests; j += workgroupSize) {
      var norm2 = 0.0;
      for (var c = 0u; c < params.hQuads; c++) {
        let value = sums[j * params.hQuads + c];
        norm2 += dot(value, value);
      }
      scale[j] = norm2 / (1.0 + norm2) * inverseSqrt(norm2 + 1e-9);
    }
    workgroupBarrier();
    for (var at = lane; at < width; at += workgroupSize) {
      state[at] += scale[at / params.hQuads] * sums[at];
    }
    workgroupBarrier();
  }
  for (var at = lane; at < width; at += workgroupSize) {
    z[user * width + at] = sums[at];
  }
  for (var at = lane; at < params.length * params.interestPitch; at += workgroupSize) {
    let i = at / params.interestPitch;
    let j = at % params.interestPitch;
    var value = 0.0;
    if (i < n && j < params.interests) {
      value = w[i * params.interests + j];
    }
    weights[user * params.length * params.interestPitch + at] = value;
  }
}
