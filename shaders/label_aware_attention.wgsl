// Label-aware attention: s_j = v_j . y; alpha over the active j; v = sum_j alpha_j v_j.
//   hard (0): alpha is 1 for the largest s_j, the lowest j winning a tie
//   scaled (1): softmax(scale s_j);  pow (2): softmax(s_j^power)
// One invocation owns one user. Inactive interests weigh exactly 0; a user without interests gets zeros.
//   interests  [users, interests, d]  read
//   counts     [users]                read
//   label      [users, d]             read
//   result     [users, d]             write
//   alpha      [users, interests]     write; holds the logits on the way

struct Params {
  users: u32,
  interests: u32,
  pitch: u32, // elements per row of alpha
  quads: u32, // vec4 per row of interests, label and result
  mode: u32,
  parity: u32, // of the power: 0 even, 1 odd, 2 not an integer
  scale: f32,
  power: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> interests: array<vec4f>;
@group(0) @binding(2) var<storage, read> counts: array<u32>;
@group(0) @binding(3) var<storage, read> label: array<vec4f>;
@group(0) @binding(4) var<storage, read_write> result: array<vec4f>;
@group(0) @binding(5) var<storage, read_write> alpha: array<f32>;

fn logitOf(s: f32) -> f32 {
  if (params.mode != 2u) {
    return select(params.scale * s, s, params.mode == 0u);
  }
  if (params.power == 0.0) {
    return 1.0;
  }
  if (s == 0.0 || (s < 0.0 && params.parity == 2u)) {
    return 0.0;
  }
  let size = min(pow(abs(s), params.power), 1e30);
  return select(size, -size, s < 0.0 && params.parity == 1u);
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let user = id.x + id.y * groups.x * 64u;
  if (user >= params.users) {
    return;
  }
  let count = min(counts[user], params.interests);
  let weights = user * params.pitch;
  let first = user * params.interests * params.quads;
  var largest = -3.4e38;
  var winner = 0u;
  for (var j = 0u; j < count; j++) {
    var s = 0.0;
    for (var c = 0u; c < params.quads; c++) {
      s += dot(interests[first + j * params.quads + c], label[user * params.quads + c]);
    }
    let logit = logitOf(s);
    alpha[weights + j] = logit;
    if (logit > largest) {
      largest = logit;
      winner = j;
    }
  }
  var sum = 0.0;
  for (var j = 0u; j < count; j++) {
    sum += exp(alpha[weights + j] - largest);
  }
  for (var j = 0u; j < params.pitch; j++) {
    var weight = 0.0;
    if (j < count && params.mode == 0u) {
      weight = select(0.0, 1.0, j == winner);
    } else if (j < count) {
      weight = exp(alpha[weights + j] - largest) / sum;
    }
    alpha[weights + j] = weight;
  }
  for (var c = 0u; c < params.quads; c++) {
    var value = vec4f();
    for (var j = 0u; j < count; j++) {
      value += alpha[weights + j] * interests[first + j * params.quads + c];
    }
    result[user * params.quads + c] = value;
  }
}
