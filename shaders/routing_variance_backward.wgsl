// Routing variance backward: dw_ij = 4 g S_j (w_ij - mean_j) / d^2.
// One invocation owns four interests of one behaviour. Padded behaviours get 0; row padding has S_j = 0.
//   w        [batch, length, interests]  read
//   lengths  [batch]                     read
//   moments  [batch, 2, interests]       read: mean_j; S_j
//   g        [batch]                     read
//   dw       [batch, length, interests]  write

struct Params {
  batch: u32,
  length: u32,
  quads: u32, // vec4 per row of w
  factor: f32, // 4 / d^2
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> w: array<vec4f>;
@group(0) @binding(2) var<storage, read> lengths: array<u32>;
@group(0) @binding(3) var<storage, read> moments: array<vec4f>;
@group(0) @binding(4) var<storage, read> g: array<f32>;
@group(0) @binding(5) var<storage, read_write> dw: array<vec4f>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let index = id.x + id.y * groups.x * 64u;
  let row = index / params.quads;
  let user = row / params.length;
  if (user >= params.batch) {
    return;
  }
  let q = index % params.quads;
  var gradient = vec4f();
  if (row % params.length < lengths[user]) {
    let mean = moments[2u * user * params.quads + q];
    let spread = moments[(2u * user + 1u) * params.quads + q];
    gradient = params.factor * g[user] * spread * (w[index] - mean);
  }
  dw[index] = gradient;
}
