// Matrix product with optional bias and ReLU: c = activation(a b + bias).
// One invocation owns a tile of 4 rows by 4 columns of c; the products of a row are summed in order of k.
//   a     [rows, inner]     read
//   b     [inner, columns]  read
//   bias  [1, columns]      read, when hasBias
//   c     [rows, columns]   write; column padding comes out zero, for that of b and bias is zero

override hasBias: bool = false;
override relu: bool = false;

struct Params {
  rows: u32,
  inner: u32,
  innerQuads: u32,
  columnQuads: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> a: array<vec4f>;
@group(0) @binding(2) var<storage, read> b: array<vec4f>;
@group(0) @binding(3) var<storage, read> bias: array<vec4f>;
@group(0) @binding(4) var<storage, read_write> c: array<vec4f>;

fn store(row: u32, column: u32, sum: vec4f) {
  if (row < params.rows) {
    c[row * params.columnQuads + column] = select(sum, max(sum, vec4f(0.0)), relu);
  }
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let tile = id.x + id.y * groups.x * 64u;
  let column = tile % params.columnQuads;
  let row = tile / params.columnQuads * 4u;
  if (row >= params.rows) {
    return;
  }
  // Rows beyond the last repeat it; they are not stored.
  let last = params.rows - 1u;
  let row0 = row * params.innerQuads;
  let row1 = min(row + 1u, last) * params.innerQuads;
  let row2 = min(row + 2u, last) * params.innerQuads;
  let row3 = min(row + 3u, last) * params.innerQuads;
  var sum0 = vec4f();
  if (hasBias) {
    sum0 = bias[column];
  }
  var sum1 = sum0;
  var sum2 = sum0;
  var sum3 = sum0;
  for (var k = 0u; k < params.innerQuads; k++) {
    // The padding of a is zero, so any finite row of b may stand in where k passes the last.
    let inner = k * 4u;
    let lastInner = params.inner - 1u;
    let b0 = b[inner * params.columnQuads + column];
    let b1 = b[min(inner + 1u, lastInner) * params.columnQuads + column];
    let b2 = b[min(inner + 2u, lastInner) * params.columnQuads + column];
    let b3 = b[min(inner + 3u, lastInner) * params.columnQuads + column];
    let a0 = a[row0 + k];
    sum0 = fma(vec4f(a0.w), b3, fma(vec4f(a0.z), b2, fma(vec4f(a0.y), b1, fma(vec4f(a0.x), b0, sum0))));
    let a1 = a[row1 + k];
    sum1 = fma(vec4f(a1.w), b3, fma(vec4f(a1.z), b2, fma(vec4f(a1.y), b1, fma(vec4f(a1.x), b0, sum1))));
    let a2 = a[row2 + k];
    sum2 = fma(vec4f(a2.w), b3, fma(vec4f(a2.z), b2, fma(vec4f(a2.y), b1, fma(vec4f(a2.x), b0, sum2))));
    let a3 = a[row3 + k];
    sum3 = fma(vec4f(a3.w), b3, fma(vec4f(a3.z), b2, fma(vec4f(a3.y), b1, fma(vec4f(a3.x), b0, sum3))));
  }
  store(row, column, sum0);
  store(row + 1u, column, sum1);
  store(row + 2u, column, sum2);
  store(row + 3u, column, sum3);
}
