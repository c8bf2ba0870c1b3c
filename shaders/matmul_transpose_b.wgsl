// Matrix product with the second factor transposed: c = a b^T.
// One invocation owns a tile of 4 rows by 4 columns of c; the products of a row are summed in order of k.
//   a  [rows, inner]     read
//   b  [columns, inner]  read
//   c  [rows, columns]   write; column padding is written as zero

struct Params {
  rows: u32,
  columns: u32,
  innerQuads: u32,
  columnQuads: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> a: array<vec4f>;
@group(0) @binding(2) var<storage, read> b: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> c: array<vec4f>;

fn store(row: u32, column: u32, sum: vec4f) {
  if (row < params.rows) {
    let valid = vec4u(column, column + 1u, column + 2u, column + 3u) < vec4u(params.columns);
    c[row * params.columnQuads + column / 4u] = select(vec4f(), sum, valid);
  }
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let tile = id.x + id.y * groups.x * 64u;
  let column = tile % params.columnQuads * 4u;
  let row = tile / params.columnQuads * 4u;
  if (row >= params.rows) {
    return;
  }
  // Rows and columns beyond the last repeat it; they are not kept.
  let lastRow = params.rows - 1u;
  let lastColumn = params.columns - 1u;
  let row0 = row * params.innerQuads;
  let row1 = min(row + 1u, lastRow) * params.innerQuads;
  let row2 = min(row + 2u, lastRow) * params.innerQuads;
  let row3 = min(row + 3u, lastRow) * params.innerQuads;
  let column0 = column * params.innerQuads;
  let column1 = min(column + 1u, lastColumn) * params.innerQuads;
  let column2 = min(column + 2u, lastColumn) * params.innerQuads;
  let column3 = min(column + 3u, lastColumn) * params.innerQuads;
  var sum0 = vec4f();
  var sum1 = vec4f();
  var sum2 = vec4f();
  var sum3 = vec4f();
  for (var k = 0u; k < params.innerQuads; k++) {
    let b0 = b[column0 + k];
    let b1 = b[column1 + k];
    let b2 = b[column2 + k];
    let b3 = b[column3 + k];
    let a0 = a[row0 + k];
    sum0 += vec4f(dot(a0, b0), dot(a0, b1), dot(a0, b2), dot(a0, b3));
    let a1 = a[row1 + k];
    sum1 += vec4f(dot(a1, b0), dot(a1, b1), dot(a1, b2), dot(a1, b3));
    let a2 = a[row2 + k];
    sum2 += vec4f(dot(a2, b0), dot(a2, b1), dot(a2, b2), dot(a2, b3));
    let a3 = a[row3 + k];
    sum3 += vec4f(dot(a3, b0), dot(a3, b1), dot(a3, b2), dot(a3, b3));
  }
  store(row, column, sum0);
  store(row + 1u, column, sum1);
  store(row + 2u, column, sum2);
  store(row + 3u, column, sum3);
}
