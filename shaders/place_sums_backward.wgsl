// Place sums backward, to the rows: dx_bt = sum over outputs j of w_jt * dy_bj, column by column.
// One invocation owns four columns of one row.
//   dy  [batch, outputs, d]   read
//   w   [outputs, places, d]  read
//   dx  [batch, places, d]    write

struct Params {
  rows: u32, // batch x places
  outputs: u32,
  places: u32,
  quads: u32, // vec4 per row
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> dy: array<vec4f>;
@group(0) @binding(2) var<storage, read> w: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> dx: array<vec4f>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let index = id.x + id.y * groups.x * 64u;
  let row = index / params.quads;
  if (row >= params.rows) {
    return;
  }
  let quad = index % params.quads;
  let user = row / params.places;
  let place = row % params.places;
  var sum = vec4f();
  for (var j = 0u; j < params.outputs; j++) {
    let given = dy[(user * params.outputs + j) * params.quads + quad];
    sum = fma(w[(j * params.places + place) * params.quads + quad], given, sum);
  }
  dx[index] = sum;
}
