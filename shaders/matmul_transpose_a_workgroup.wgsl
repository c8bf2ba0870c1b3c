// Matrix product with the first factor transposed, in parts, by tiles in workgroup memory: partial[p] = sum over part p of
// a_r^T b_r, and the sums of the columns of b, sums[p] = sum of b_r, which the first row of tiles owns.
// A workgroup owns a square tile of 4 * side rows and columns of one part, an invocation 4 by 4 of it. For sixteen steps of
// the sum at a time the workgroup loads its columns of a and of b once, each invocation 16 / side vec4 of either; what lies
// outside a matrix counts as zero. matmul_reduce.wgsl adds the parts up.
// With several positions, row r of position p is row r positions + p of a and b, and each part holds a product for each.
//   a        [inner, rows]           read
//   b        [inner, columns]        read
//   partial  [parts, rows, columns]  write; column padding comes out zero, for that of b is zero
//   sums     [parts, columns]        write, when hasSums; padding likewise

override side: u32 = 16u; // 8 or 16

struct Params {
  rows: u32,
  inner: u32,
  innerPerPart: u32,
  parts: u32,
  rowQuads: u32,
  columnQuads: u32,
  hasSums: u32, // 0 or 1
  positions: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> a: array<vec4f>;
@group(0) @binding(2) var<storage, read> b: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> partial: array<vec4f>;
@group(0) @binding(4) var<storage, read_write> sums: array<vec4f>;

// Step by step of the sum, `side` vec4 each.
var<workgroup> left: array<vec4f, 16u * side>;
var<workgroup> right: array<vec4f, 16u * side>;

fn load(position: u32, local: u32, begin: u32, end: u32, firstRow: u32, firstColumn: u32) {
  for (var i = 0u; i < 16u / side; i++) {
    let at = local + i * side * side;
    let k = begin + at / side;
    let row = firstRow + at % side;
    let column = firstColumn + at % side;
    var factor = vec4f();
    var value = vec4f();
    if (k < end && row < params.rowQuads) {
      factor = a[(k * params.positions + position) * params.rowQuads + row];
    }
    if (k < end && column < params.columnQuads) {
      value = b[(k * params.positions + position) * params.columnQuads + column];
    }
    left[at] = factor;
    right[at] = value;
  }
}

fn store(slab: u32, row: u32, column: u32, sum: vec4f) {
  if (row < params.rows && column < params.columnQuads) {
    partial[(slab * params.rows + row) * params.columnQuads + column] = sum;
  }
}

@compute @workgroup_size(side, side)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_id) local: vec3u,
  @builtin(local_invocation_index) index: u32,
) {
  let columnTiles = (params.columnQuads + side - 1u) / side;
  let rowTiles = (params.rowQuads + side - 1u) / side;
  let tile = group.x + group.y * groups.x;
  let firstColumn = tile % columnTiles * side;
  let firstRow = tile / columnTiles % rowTiles * side;
  let slab = tile / columnTiles / rowTiles;
  let part = slab / params.positions;
  let position = slab % params.positions;
  if (part >= params.parts) {
    return;
  }
  let begin = part * params.innerPerPart;
  let end = min(begin + params.innerPerPart, params.inner);
  let steps = (end - begin + 15u) / 16u;
  var sum0 = vec4f();
  var sum1 = vec4f();
  var sum2 = vec4f();
  var sum3 = vec4f();
  var total = vec4f();
  let addsUp = params.hasSums == 1u && firstRow + local.y == 0u;
  for (var step = 0u; step < steps; step++) {
    load(position, index, begin + step * 16u, end, firstRow, firstColumn);
    workgroupBarrier();
    for (var k = 0u; k < 16u; k++) {
      let factor = left[k * side + local.y];
      let value = right[k * side + local.x];
      sum0 = fma(vec4f(factor.x), value, sum0);
      sum1 = fma(vec4f(factor.y), value, sum1);
      sum2 = fma(vec4f(factor.z), value, sum2);
      sum3 = fma(vec4f(factor.w), value, sum3);
      if (addsUp) {
        total += value;
      }
    }
    workgroupBarrier();
  }
  let row = (firstRow + local.y) * 4u;
  let column = firstColumn + local.x;
  if (addsUp && column < params.columnQuads) {
    sums[slab * params.columnQuads + column] = total;
  }
  store(slab, row, column, sum0);
  store(slab, row + 1u, column, sum1);
  store(slab, row + 2u, column, sum2);
  store(slab, row + 3u, column, sum3);
}
