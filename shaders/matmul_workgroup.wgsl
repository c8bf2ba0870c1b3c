// Matrix product with optional bias, ReLU and mask, by tiles in workgroup memory: c = activation(a b + bias), or a b^T.
// A workgroup owns a square tile of 4 * side rows and columns of c, an invocation 4 by 4 of it. For sixteen steps of the sum
// at a time the workgroup loads its rows of a and its columns of b once, each invocation 16 / side vec4 of either; what lies
// outside a matrix counts as zero.
// With several positions, row r of position p is row r positions + p of a and c, and b holds a matrix for each.
//   a     [rows, inner]     read
//   b     [inner, columns]  read; [columns, inner] with transposeB
//   bias  [1, columns]      read, when hasBias
//   mask  [rows, columns]   read, when masked: c is 0 where it is not positive
//   c     [rows, columns]   write; column padding comes out zero, for so is that of b and bias

override transposeB: bool = false;
override side: u32 = 16u; // 8 or 16

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

// Row by row, four vec4 each.
var<workgroup> left: array<vec4f, 16u * side>;
// Row by row of b, `side` vec4 each. With transposeB column by column, in the order 0, 4, 8, ..., 1, 5, ..., and five
// places for the four vec4 of each: so neighbouring invocations read from different banks.
var<workgroup> right: array<vec4f, 20u * side>;

fn advance(sum: vec4f, values: mat4x4f, factor: vec4f) -> vec4f {
  return fma(vec4f(factor.w), values[3], fma(vec4f(factor.z), values[2],
    fma(vec4f(factor.y), values[1], fma(vec4f(factor.x), values[0], sum))));
}

fn loadLeft(position: u32, local: u32, firstRow: u32, firstQuad: u32) {
  for (var i = 0u; i < 16u / side; i++) {
    let at = local + i * side * side;
    let row = firstRow + at / 4u;
    let quad = firstQuad + at % 4u;
    var value = vec4f();
    if (row < params.rows && quad < params.innerQuads) {
      value = a[(row * params.positions + position) * params.innerQuads + quad];
    }
    left[at] = value;
  }
}

fn loadRight(position: u32, local: u32, firstColumn: u32, firstQuad: u32) {
  for (var i = 0u; i < 16u / side; i++) {
    let at = local + i * side * side;
    var value = vec4f();
    if (transposeB) {
      let column = firstColumn * 4u + at / 4u;
      let quad = firstQuad + at % 4u;
      if (column < params.columns && quad < params.innerQuads) {
        value = b[(position * params.columns + column) * params.innerQuads + quad];
      }
      right[(at / 4u % 4u * side + at / 16u) * 5u + at % 4u] = value;
    } else {
      let row = firstQuad * 4u + at / side;
      let column = firstColumn + at % side;
      if (row < params.inner && column < params.columnQuads) {
        value = b[(position * params.inner + row) * params.columnQuads + column];
      }
      right[at] = value;
    }
  }
}

fn store(position: u32, row: u32, column: u32, sum: vec4f) {
  if (row >= params.rows || column >= params.columnQuads) {
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
  c[at] = value;
}

@compute @workgroup_size(side, side)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_id) local: vec3u,
  @builtin(local_invocation_index) index: u32,
) {
  let columnTiles = (params.columnQuads + side - 1u) / side;
  let tile = group.x + group.y * groups.x;
  let firstColumn = tile % columnTiles * side;
  let rowTiles = (params.rows + 4u * side - 1u) / (4u * side);
  let firstRow = tile / columnTiles % rowTiles * side * 4u;
  let position = tile / columnTiles / rowTiles;
  if (position >= params.positions) {
    return;
  }
  var sum0 = vec4f();
  var sum1 = vec4f();
  var sum2 = vec4f();
  var sum3 = vec4f();
  let steps = (params.innerQuads + 3u) / 4u;
  for (var step = 0u; step < steps; step++) {
    loadLeft(position, index, firstRow, step * 4u);
    loadRight(position, index, firstColumn, step * 4u);
    workgroupBarrier();
    for (var k = 0u; k < 4u; k++) {
      var values: mat4x4f;
      if (transposeB) {
        let at = (local.x + vec4u(0u, 1u, 2u, 3u) * side) * 5u + k;
        values = transpose(mat4x4f(right[at.x], right[at.y], right[at.z], right[at.w]));
      } else {
        let at = (k * 4u + vec4u(0u, 1u, 2u, 3u)) * side + local.x;
        values = mat4x4f(right[at.x], right[at.y], right[at.z], right[at.w]);
      }
      let row = local.y * 16u + k;
      sum0 = advance(sum0, values, left[row]);
      sum1 = advance(sum1, values, left[row + 4u]);
      sum2 = advance(sum2, values, left[row + 8u]);
      sum3 = advance(sum3, values, left[row + 12u]);
    }
    workgroupBarrier();
  }
  let row = firstRow + local.y * 4u;
  let column = firstColumn + local.x;
  store(position, row, column, sum0);
  store(position, row + 1u, column, sum1);
  store(position, row + 2u, column, sum2);
  store(position, row + 3u, column, sum3);
}
