// L2 normalise: y = x / max(|x|, epsilon), row by row.
// One invocation owns one row. A zero row, and so a padded one, stays zero; row padding is zero in and zero out.
//   x  [rows, d]  read
//   y  [rows, d]  write

struct Params {
  rows: u32,
  quads: u32, // vec4 per row
  epsilon: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> y: array<vec4f>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let row = id.x + id.y * groups.x * 64u;
  if (row >= params.rows) {
    return;
  }
  let first = row * params.quads;
  var norm2 = 0.0;
  for (var c = 0u; c < params.quads; c++) {
    let value = x[first + c];
    norm2 += dot(value, value);
  }
  let scale = 1.0 / max(sqrt(norm2), params.epsilon);
  for (var c = 0u; c < params.quads; c++) {
    y[first + c] = scale * x[first + c];
  }
}
