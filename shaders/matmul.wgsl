// Matrix product with optional bias, ReLU and mask: c = activation(a b + bias), or a b^T.
// One invocation owns a tile of 4 rows by 4 columns of c; the products of a row are summed in order of k.
// With several positions, row r of position p is row r positions + p of a and c, and b holds a matrix for each.
//   a     [rows, inner]     read
//   b     [inner, columns]  read; [columns, inner] with transposeB
//   bias  [1, columns]      read, when hasBias
//   mask  [rows, columns]   read, when masked: c is 0 where it is not positive
//   c     [rows, columns]   write; column padding comes out zero

override transposeB: bool = false;

struct Params {
  rows: u32,
  columns: u32,
  inner: u32,
  innerQuads: u32,
  columnQuads: u32,
  hasBias: u32, // 0 or 1
  relu: u32, // 0 or 1
  masked: u32, // 0 or 1
  positions: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> a: array<vec4f>;
@group(0) @binding(2) var<storage, read> b: array<vec4f>;
@group(0) @binding(3) var<storage, read> bias: array<vec4f>;
@group(0) @binding(4) var<storage, read> mask: array<vec4f>;
@group(0) @binding(5) var<storage, read_write> c: array<vec4f>;

fn advance(sum: vec4f, values: mat4x4f, factor: vec4f) -> vec4f {
  return fma(vec4f(factor.w), values[3], fma(vec4f(factor.z), values[2],
    fma(vec4f(factor.y), values[1], fma(vec4f(factor.x), values[0], sum))));
}

fn store(position: u32, row: u32, column: u32, sum: vec4f) {
  if (row >= params.rows) {
    return;
  }
  var value = sum;
  if (params.hasBias == 1u) {
    value += bias[column];
  }
  if (params.relu == 1u) {
    value = max(value, vec4f());
  }
  let at = (row * params.positions + position) * params.columnQuads + column;
  if (params.masked == 1u) {
    value = select(vec4f(), value, mask[at] > vec4f());
  }
  let valid = column * 4u + vec4u(0u, 1u, 2u, 3u) < vec4u(params.columns);
  c[at] = select(vec4f(), value, valid);
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let tile = id.x + id.y * groups.x * 64u;
  let column = tile % params.columnQuads;
  let rowTiles = (params.rows + 3u) / 4u;
  let row = tile / params.columnQuads % rowTiles * 4u;
  let position = tile / params.columnQuads / rowTiles;
  if (position >= params.positions) {
    return;
  }
  // Rows and columns beyond the last repeat it; they are not stored.
  let near = min(row + vec4u(0u, 1u, 2u, 3u), vec4u(params.rows - 1u));
  let rows = (near * params.positions + position) * params.innerQuads;
  let first = position * params.columns;
  let columns = (first + min(column * 4u + vec4u(0u, 1u, 2u, 3u), vec4u(params.columns - 1u))) * params.innerQuads;
  let matrix = position * params.inner;
  var sum0 = vec4f();
  var sum1 = vec4f();
  var sum2 = vec4f();
  var sum3 = vec4f();
  for (var k = 0u; k < params.innerQuads; k++) {
    var values: mat4x4f;
    if (transposeB) {
      values = transpose(mat4x4f(b[columns.x + k], b[columns.y + k], b[columns.z + k], b[columns.w + k]));
    } else {
      // The padding of a is zero, so any finite row of b may stand in where k passes the last.
      let at = (matrix + min(k * 4u + vec4u(0u, 1u, 2u, 3u), vec4u(params.inner - 1u))) * params.columnQuads + column;
      values = mat4x4f(b[at.x], b[at.y], b[at.z], b[at.w]);
    }
    sum0 = advance(sum0, values, a[rows.x + k]);
    sum1 = advance(sum1, values, a[rows.y + k]);
    sum2 = advance(sum2, values, a[rows.z + k]);
    sum3 = advance(sum3, values, a[rows.w + k]);
  }
  store(position, row, column, sum0);
  store(position, row + 1u, column, sum1);
  store(position, row + 2u, column, sum2);
  store(position, row + 3u, column, sum3);
}
