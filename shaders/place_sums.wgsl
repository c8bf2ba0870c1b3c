// Place sums: y_bj = sum over places t of w_jt * x_bt, column by column.
// One invocation owns four columns of one output row. A place without a behaviour holds zeros.
//   x  [batch, places, d]    read
//   w  [outputs, places, d]  read
//   y  [batch, outputs, d]   write

struct Params {
  rows: u32, // batch x outputs
  outputs: u32,
  places: u32,
  quads: u32, // vec4 per row
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;
@group(0) @binding(2) var<storage, read> w: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> y: array<vec4f>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let index = id.x + id.y * groups.x * 64u;
  let row = index / params.quads;
  if (row >= params.rows) {
    return;
  }
  let quad = index % params.quads;
  let user = row / params.outputs;
  let span = params.places * params.quads;
  let firstX = user * span + quad;
  let firstW = (row % params.outputs) * span + quad;
  var sum = vec4f();
  for (var t = 0u; t < params.places; t++) {
    sum = fma(w[firstW + t * params.quads], x[firstX + t * params.quads], sum);
  }
  y[index] = sum;
}
