// Matrix product with the first factor transposed, in parts: partial[p] = sum over the rows r of part p of a_r^T b_r, and the
// sums of the columns of b, sums[p] = sum of b_r.
// One invocation owns a tile of 4 by 4 elements of one part, in the first row of tiles sums as well. matmul_reduce.wgsl adds
// the parts up.
// With several positions, row r of position p is row r positions + p of a and b, and each part holds a product for each.
//   a        [inner, rows]           read
//   b        [inner, columns]        read
//   partial  [parts, rows, columns]  write; column padding comes out zero, for that of b is zero
//   sums     [parts, columns]        write, when hasSums; padding likewise

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

fn store(slab: u32, row: u32, column: u32, sum: vec4f) {
  if (row < params.rows) {
    partial[(slab * params.rows + row) * params.columnQuads + column] = sum;
  }
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let tile = id.x + id.y * groups.x * 64u;
  let column = tile % params.columnQuads;
  let row = tile / params.columnQuads % params.rowQuads;
  let slab = tile / params.columnQuads / params.rowQuads;
  let part = slab / params.positions;
  let position = slab % params.positions;
  if (part >= params.parts) {
    return;
  }
  var sum0 = vec4f();
  var sum1 = vec4f();
  var sum2 = vec4f();
  var sum3 = vec4f();
  var total = vec4f();
  let end = min((part + 1u) * params.innerPerPart, params.inner);
  for (var k = part * params.innerPerPart; k < end; k++) {
    let factor = a[(k * params.positions + position) * params.rowQuads + row];
    let values = b[(k * params.positions + position) * params.columnQuads + column];
    sum0 = fma(vec4f(factor.x), values, sum0);
    sum1 = fma(vec4f(factor.y), values, sum1);
    sum2 = fma(vec4f(factor.z), values, sum2);
    sum3 = fma(vec4f(factor.w), values, sum3);
    total += values;
  }
  if (params.hasSums == 1u && row == 0u) {
    sums[slab * params.columnQuads + column] = total;
  }
  store(slab, row * 4u, column, sum0);
  store(slab, row * 4u + 1u, column, sum1);
  store(slab, row * 4u + 2u, column, sum2);
  store(slab, row * 4u + 3u, column, sum3);
}
