// What the gradients of 1 / |x S| have in common: scaled_i = -y_i^3 dy_i x_i, for y_i = 1 / |x_i S|.
// One invocation owns one vec4. A zero row has y = 0 and gets 0, and so does the padding of a row.
//   x       [rows, d]  read
//   y, dy   [rows, 1]  read
//   scaled  [rows, d]  write

struct Params {
  quads: u32, // vec4 of x
  rowQuads: u32, // vec4 per row
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;
@group(0) @binding(2) var<storage, read> y: array<vec4f>;
@group(0) @binding(3) var<storage, read> dy: array<vec4f>;
@group(0) @binding(4) var<storage, read_write> scaled: array<vec4f>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let at = id.x + id.y * groups.x * 64u;
  if (at >= params.quads) {
    return;
  }
  let row = at / params.rowQuads;
  scaled[at] = -y[row].x * y[row].x * y[row].x * dy[row].x * x[at];
}
