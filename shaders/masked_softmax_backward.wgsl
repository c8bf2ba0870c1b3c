// Masked softmax backward: dx_i = p_i (dp_i - sum_m p_m dp_m); masked elements have p = 0 and get 0.
// One invocation owns one row.
//   p   [rows, width]  read
//   dp  [rows, width]  read
//   dx  [rows, width]  write; padding comes out zero, for that of p is zero

struct Params {
  rows: u32,
  quads: u32, // vec4 per row
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> p: array<vec4f>;
@group(0) @binding(2) var<storage, read> dp: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> dx: array<vec4f>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let row = id.x + id.y * groups.x * 64u;
  if (row >= params.rows) {
    return;
  }
  let first = row * params.quads;
  var mean = 0.0;
  for (var i = 0u; i < params.quads; i++) {
    mean += dot(p[first + i], dp[first + i]);
  }
  for (var i = 0u; i < params.quads; i++) {
    dx[first + i] = p[first + i] * (dp[first + i] - mean);
  }
}
