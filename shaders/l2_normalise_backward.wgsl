// L2 normalise backward: dx = (dy - (x . dy) x / |x|^2) / |x| where |x| > epsilon, else dy / epsilon.
// One invocation owns one row; row padding is zero in and zero out.
//   x   [rows, d]  read
//   dy  [rows, d]  read
//   dx  [rows, d]  write

struct Params {
  rows: u32,
  quads: u32, // vec4 per row
  epsilon: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;
@group(0) @binding(2) var<storage, read> dy: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> dx: array<vec4f>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let row = id.x + id.y * groups.x * 64u;
  if (row >= params.rows) {
    return;
  }
  let first = row * params.quads;
  var norm2 = 0.0;
  var along = 0.0;
  for (var c = 0u; c < params.quads; c++) {
    let value = x[first + c];
    norm2 += dot(value, value);
    along += dot(value, dy[first + c]);
  }
  let norm = sqrt(norm2);
  let scale = 1.0 / max(norm, params.epsilon);
  var slope = 0.0;
  if (norm > params.epsilon) {
    slope = along / norm2;
  }
  for (var c = 0u; c < params.quads; c++) {
    dx[first + c] = scale * (dy[first + c] - slope * x[first + c]);
  }
}
