// Matrix product with the first factor transposed, in parts, for subgroups of 8: partial[p] = sum over part p of a_r^T b_r,
// and the sums of the columns of b, sums[p] = sum of b_r, which the first row of tiles owns.
// A workgroup is one subgroup and owns a tile of 32 rows by 16 columns of one part; an invocation owns 4 rows in whole. For
// four steps of the sum it loads its own columns of a and an eighth of the block of b, which the subgroup broadcasts among
// itself. matmul_reduce.wgsl adds the parts up.
// With several positions, row r of position p is row r positions + p of a and b, and each part holds a product for each.
//   a        [inner, rows]           read
//   b        [inner, columns]        read
//   partial  [parts, rows, columns]  write; column padding comes out zero, for that of b is zero
//   sums     [parts, columns]        write, when hasSums; padding likewise

enable subgroups;

struct Params {
  rows: u32,
  inner: u32,
  innerPerPart: u32, // a multiple of 4
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

// Adds factor[0][r] * values[0] + ... + factor[3][r] * values[3] to sum[r], for four rows r.
fn accumulate(sum: mat4x4f, values: mat4x4f, factor: mat4x4f) -> mat4x4f {
  return mat4x4f(
    advance(sum[0], values, vec4f(factor[0].x, factor[1].x, factor[2].x, factor[3].x)),
    advance(sum[1], values, vec4f(factor[0].y, factor[1].y, factor[2].y, factor[3].y)),
    advance(sum[2], values, vec4f(factor[0].z, factor[1].z, factor[2].z, factor[3].z)),
    advance(sum[3], values, vec4f(factor[0].w, factor[1].w, factor[2].w, factor[3].w)));
}

fn advance(sum: vec4f, values: mat4x4f, factor: vec4f) -> vec4f {
  return fma(vec4f(factor.w), values[3], fma(vec4f(factor.z), values[2],
    fma(vec4f(factor.y), values[1], fma(vec4f(factor.x), values[0], sum))));
}

fn store(slab: u32, row: u32, column: u32, sum: mat4x4f) {
  if (column >= params.columnQuads) {
    return;
  }
  for (var r = 0u; r < 4u; r++) {
    if (row + r < params.rows) {
      partial[(slab * params.rows + row + r) * params.columnQuads + column] = sum[r];
    }
  }
}

@compute @workgroup_size(8)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(subgroup_invocation_id) lane: u32,
) {
  let columnTiles = (params.columnQuads + 3u) / 4u;
  let rowTiles = (params.rowQuads + 7u) / 8u;
  let tile = group.x + group.y * groups.x;
  let column = tile % columnTiles * 4u;
  let rowQuad = tile / columnTiles % rowTiles * 8u + lane;
  let slab = tile / columnTiles / rowTiles;
  let part = slab / params.positions;
  let position = slab % params.positions;
  if (part >= params.parts) {
    return;
  }
  let begin = part * params.innerPerPart;
  let end = min(begin + params.innerPerPart, params.inner);
  let steps = (end - begin + 3u) / 4u;
  // Rows and columns beyond the last repeat it; they are not stored.
  let source = min(rowQuad, params.rowQuads - 1u);
  let quad = min(column + lane % 4u, params.columnQuads - 1u);
  let last = params.inner - 1u;
  var sum0 = mat4x4f();
  var sum1 = mat4x4f();
  var sum2 = mat4x4f();
  var sum3 = mat4x4f();
  var total = vec4f();
  for (var step = 0u; step < steps; step++) {
    let k = begin + step * 4u;
    let factor = mat4x4f(
      a[(k * params.positions + position) * params.rowQuads + source],
      a[(min(k + 1u, last) * params.positions + position) * params.rowQuads + source],
      a[(min(k + 2u, last) * params.positions + position) * params.rowQuads + source],
      a[(min(k + 3u, last) * params.positions + position) * params.rowQuads + source]);
    // Invocation lane holds quad lane % 4 of rows lane / 4 and 2 + lane / 4 of the block; rows past the last count as zero.
    let near = k + lane / 4u;
    let far = near + 2u;
    let upper = select(vec4f(), b[(min(near, last) * params.positions + position) * params.columnQuads + quad], near <= last);
    let lower = select(vec4f(), b[(min(far, last) * params.positions + position) * params.columnQuads + quad], far <= last);
    total += upper + lower;
    sum0 = accumulate(sum0, mat4x4f(
      subgroupBroadcast(upper, 0u), subgroupBroadcast(upper, 4u), subgroupBroadcast(lower, 0u), subgroupBroadcast(lower, 4u)), factor);
    sum1 = accumulate(sum1, mat4x4f(
      subgroupBroadcast(upper, 1u), subgroupBroadcast(upper, 5u), subgroupBroadcast(lower, 1u), subgroupBroadcast(lower, 5u)), factor);
    sum2 = accumulate(sum2, mat4x4f(
      subgroupBroadcast(upper, 2u), subgroupBroadcast(upper, 6u), subgroupBroadcast(lower, 2u), subgroupBroadcast(lower, 6u)), factor);
    sum3 = accumulate(sum3, mat4x4f(
      subgroupBroadcast(upper, 3u), subgroupBroadcast(upper, 7u), subgroupBroadcast(lower, 3u), subgroupBroadcast(lower, 7u)), factor);
  }
  // Invocations lane and lane + 4 hold what two of four rows each add to one quad of columns.
  total += subgroupShuffle(total, lane ^ 4u);
  if (params.hasSums == 1u && rowQuad == lane && lane < 4u && column + lane < params.columnQuads) {
    sums[slab * params.columnQuads + column + lane] = total;
  }
  store(slab, rowQuad * 4u, column, sum0);
  store(slab, rowQuad * 4u, column + 1u, sum1);
  store(slab, rowQuad * 4u, column + 2u, sum2);
  store(slab, rowQuad * 4u, column + 3u, sum3);
}
