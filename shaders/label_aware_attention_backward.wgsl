// Label-aware attention backward, given g for the result:
//   dv_j = alpha_j g + ds_j y;  dy = sum_j ds_j v_j
//   ds_j = slope_j alpha_j (g . v_j - sum_m alpha_m g . v_m), slope_j the derivative of the logit by s_j = v_j . y
// hard (mode 0): ds_j = 0. One invocation owns one user; inactive interests get zero.
//   interests  [users, interests, d]  read
//   counts     [users]                read
//   label, g   [users, d]             read
//   alpha      [users, interests]     read
//   dv         [users, interests, d]  write
//   dy         [users, d]             write
//   ds         [users, interests]     scratch

struct Params {
  users: u32,
  interests: u32,
  pitch: u32, // elements per row of alpha
  quads: u32, // vec4 per row of the others
  mode: u32,
  parity: u32, // of the power: 0 even, 1 odd, 2 not an integer
  scale: f32,
  power: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> interests: array<vec4f>;
@group(0) @binding(2) var<storage, read> counts: array<u32>;
@group(0) @binding(3) var<storage, read> label: array<vec4f>;
@group(0) @binding(4) var<storage, read> g: array<vec4f>;
@group(0) @binding(5) var<storage, read> alpha: array<f32>;
@group(0) @binding(6) var<storage, read_write> dv: array<vec4f>;
@group(0) @binding(7) var<storage, read_write> dy: array<vec4f>;
@group(0) @binding(8) var<storage, read_write> ds: array<f32>;

fn slopeOf(s: f32) -> f32 {
  if (params.mode != 2u) {
    return select(params.scale, 0.0, params.mode == 0u);
  }
  if (params.power == 0.0 || (s < 0.0 && params.parity == 2u)) {
    return 0.0;
  }
  if (s == 0.0) {
    return select(0.0, 1.0, params.power == 1.0);
  }
  if (pow(abs(s), params.power) >= 1e30) {
    return 0.0;
  }
  let size = params.power * pow(abs(s), params.power - 1.0);
  return select(size, -size, s < 0.0 && params.parity == 0u);
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let user = id.x + id.y * groups.x * 64u;
  if (user >= params.users) {
    return;
  }
  let count = min(counts[user], params.interests);
  let weights = user * params.pitch;
  let row = user * params.quads;
  let first = row * params.interests;
  var mean = 0.0;
  for (var j = 0u; j < count; j++) {
    var along = 0.0;
    for (var c = 0u; c < params.quads; c++) {
      along += dot(interests[first + j * params.quads + c], g[row + c]);
    }
    ds[weights + j] = along;
    mean += alpha[weights + j] * along;
  }
  for (var j = 0u; j < params.interests; j++) {
    let at = first + j * params.quads;
    let weight = alpha[weights + j];
    var slope = 0.0;
    if (j < count && params.mode != 0u) {
      var s = 0.0;
      for (var c = 0u; c < params.quads; c++) {
        s += dot(interests[at + c], label[row + c]);
      }
      slope = slopeOf(s) * weight * (ds[weights + j] - mean);
    }
    ds[weights + j] = slope;
    for (var c = 0u; c < params.quads; c++) {
      dv[at + c] = select(vec4f(), weight * g[row + c] + slope * label[row + c], j < count);
    }
  }
  for (var c = 0u; c < params.quads; c++) {
    var value = vec4f();
    for (var j = 0u; j < count; j++) {
      value += ds[weights + j] * interests[first + j * params.quads + c];
    }
    dy[row + c] = value;
  }
}
