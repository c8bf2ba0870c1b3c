// Row dots: s[r] = a[r] . b[r]. One invocation owns one element of s; the padding of its rows becomes zero.
//   a, b  [rows, d]      read
//   s     [outer, width] write, rows = outer * width, `pitch` elements from row to row

struct Params {
  outer: u32,
  width: u32,
  pitch: u32,
  quads: u32, // vec4 per row of a and b
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> a: array<vec4f>;
@group(0) @binding(2) var<storage, read> b: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> s: array<f32>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let index = id.x + id.y * groups.x * 64u;
  let column = index % params.pitch;
  if (index / params.pitch >= params.outer) {
    return;
  }
  if (column >= params.width) {
    s[index] = 0.0;
    return;
  }
  let first = (index / params.pitch * params.width + column) * params.quads;
  var sum = 0.0;
  for (var c = 0u; c < params.quads; c++) {
    sum += dot(a[first + c], b[first + c]);
  }
  s[index] = sum;
}
