// Sums of columns in parts: partial[p] = sum over the rows of part p; matmul_reduce.wgsl adds the parts up.
// One invocation owns four columns of one part.
//   x        [rows, columns]     read
//   partial  [parts, 1, columns]  write; padding comes out zero

struct Params {
  rows: u32,
  rowsPerPart: u32,
  parts: u32,
  columnQuads: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> partial: array<vec4f>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.x + id.y * groups.x * 64u;
  let column = i % params.columnQuads;
  let part = i / params.columnQuads;
  if (part >= params.parts) {
    return;
  }
  var sum = vec4f();
  let end = min((part + 1u) * params.rowsPerPart, params.rows);
  for (var row = part * params.rowsPerPart; row < end; row++) {
    sum += x[row * params.columnQuads + column];
  }
  partial[i] = sum;
}
