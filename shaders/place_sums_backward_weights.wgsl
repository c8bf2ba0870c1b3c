// Place sums backward, to the weights: dw_jt = sum over users b of dy_bj * x_bt, column by column, in the order of the users.
// One invocation owns four columns of one weight row.
//   dy  [batch, outputs, d]   read
//   x   [batch, places, d]    read
//   dw  [outputs, places, d]  write

struct Params {
  rows: u32, // outputs x places
  batch: u32,
  outputs: u32,
  places: u32,
  quads: u32, // vec4 per row
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> dy: array<vec4f>;
@group(0) @binding(2) var<storage, read> x: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> dw: array<vec4f>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let index = id.x + id.y * groups.x * 64u;
  let row = index / params.quads;
  if (row >= params.rows) {
    return;
  }
  let quad = index % params.quads;
  let output = row / params.places;
  let place = row % params.places;
  var sum = vec4f();
  for (var b = 0u; b < params.batch; b++) {
    let given = dy[(b * params.outputs + output) * params.quads + quad];
    sum = fma(given, x[(b * params.places + place) * params.quads + quad], sum);
  }
  dw[index] = sum;
}
