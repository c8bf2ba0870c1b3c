// Matrix product with optional bias, ReLU and mask, for subgroups of 8: c = activation(a b + bias), or a b^T.
// A workgroup is one subgroup and owns a tile of 32 rows by 16 columns of c; an invocation owns 4 rows, 8 apart, in whole. For
// four steps of the sum it loads its own rows of a and an eighth of the block of b, which the subgroup broadcasts among
// itself: on software adapters a load costs many times what a broadcast or a multiply-add does.
// With several positions, row r of position p is row r positions + p of a and c, and b holds a matrix for each.
//   a     [rows, inner]     read
//   b     [inner, columns]  read; [columns, inner] with transposeB
//   bias  [1, columns]      read, when hasBias
//   mask  [rows, columns]   read, when masked: c is 0 where it is not positive
//   c     [rows, columns]   write; column padding comes out zero

enable subgroups;

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
  quadsOfTile: u32, // 16
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> a: array<vec4f>;
@group(0) @binding(2) var<storage, read> b: array<vec4f>;
@group(0) @binding(3) var<storage, read> bias: array<vec4f>;
@group(0) @binding(4) var<storage, read> mask: array<vec4f>;
@group(0) @binding(5) var<storage, read_write> c: array<vec4f>;

// Adds factor[r].x * values[0] + ... + factor[r].w * values[3] to sum[r], for four rows r.
fn accumulate(sum: mat4x4f, values: mat4x4f, factor: mat4x4f) -> mat4x4f {
  return mat4x4f(
    advance(sum[0], values, factor[0]), advance(sum[1], values, factor[1]),
    advance(sum[2], values, factor[2]), advance(sum[3], values, factor[3]));
}

fn advance(sum: vec4f, values: mat4x4f, factor: vec4f) -> vec4f {
  return fma(vec4f(factor.w), values[3], fma(vec4f(factor.z), values[2],
    fma(vec4f(factor.y), values[1], fma(vec4f(factor.x), values[0], sum))));
}

/// Writes the tile in loops that are not unrolled: written out, they take longer to compile than all the rest.
fn store(position: u32, rows: vec4u, column: u32, sums: array<mat4x4f, 4>) {
  var tile = sums;
  for (var index = 0u; index < params.quadsOfTile; index++) {
    let quad = column + index % 4u;
    let row = rows[index / 4u];
    if (quad < params.columnQuads && row < params.rows) {
      let at = (row * params.positions + position) * params.columnQuads + quad;
      var value = tile[index % 4u][index / 4u];
      if (params.hasBias == 1u) {
        value += bias[quad];
      }
      if (params.relu == 1u) {
        value = max(value, vec4f());
      }
      if (params.masked == 1u) {
        value = select(vec4f(), value, mask[at] > vec4f());
      }
      let valid = quad * 4u + vec4u(0u, 1u, 2u, 3u) < vec4u(params.columns);
      c[at] = select(vec4f(), value, valid);
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
  let tile = group.x + group.y * groups.x;
  let column = tile % columnTiles * 4u;
  let rowTiles = (params.rows + 31u) / 32u;
  let rows = tile / columnTiles % rowTiles * 32u + lane + vec4u(0u, 8u, 16u, 24u);
  let position = tile / columnTiles / rowTiles;
  if (position >= params.positions) {
    return;
  }
  // Rows and columns beyond the last repeat it; they are not stored.
  let source = (min(rows, vec4u(params.rows - 1u)) * params.positions + position) * params.innerQuads;
  let near = (position * params.columns + min(column * 4u + lane, params.columns - 1u)) * params.innerQuads;
  let far = (position * params.columns + min(column * 4u + 8u + lane, params.columns - 1u)) * params.innerQuads;
  let matrix = position * params.inner;
  let quad = min(column + lane % 4u, params.columnQuads - 1u);
  let last = params.inner - 1u;
  var sum0 = mat4x4f();
  var sum1 = mat4x4f();
  var sum2 = mat4x4f();
  var sum3 = mat4x4f();
  for (var k = 0u; k < params.innerQuads; k++) {
    let factor = mat4x4f(a[source.x + k], a[source.y + k], a[source.z + k], a[source.w + k]);
    if (transposeB) {
      // Invocation lane holds four numbers of columns lane and lane + 8.
      let left = b[near + k];
      let right = b[far + k];
      sum0 = accumulate(sum0, transpose(mat4x4f(
        subgroupBroadcast(left, 0u), subgroupBroadcast(left, 1u), subgroupBroadcast(left, 2u), subgroupBroadcast(left, 3u))), factor);
      sum1 = accumulate(sum1, transpose(mat4x4f(
        subgroupBroadcast(left, 4u), subgroupBroadcast(left, 5u), subgroupBroadcast(left, 6u), subgroupBroadcast(left, 7u))), factor);
      sum2 = accumulate(sum2, transpose(mat4x4f(
        subgroupBroadcast(right, 0u), subgroupBroadcast(right, 1u), subgroupBroadcast(right, 2u), subgroupBroadcast(right, 3u))), factor);
      sum3 = accumulate(sum3, transpose(mat4x4f(
        subgroupBroadcast(right, 4u), subgroupBroadcast(right, 5u), subgroupBroadcast(right, 6u), subgroupBroadcast(right, 7u))), factor);
    } else {
      // Invocation lane holds quad lane % 4 of rows lane / 4 and 2 + lane / 4 of the block. The padding of a is zero, so any
      // finite row of b may stand in past the last.
      let upper = b[(matrix + min(k * 4u + lane / 4u, last)) * params.columnQuads + quad];
      let lower = b[(matrix + min(k * 4u + 2u + lane / 4u, last)) * params.columnQuads + quad];
      sum0 = accumulate(sum0, mat4x4f(
        subgroupBroadcast(upper, 0u), subgroupBroadcast(upper, 4u), subgroupBroadcast(lower, 0u), subgroupBroadcast(lower, 4u)), factor);
      sum1 = accumulate(sum1, mat4x4f(
        subgroupBroadcast(upper, 1u), subgroupBroadcast(upper, 5u), subgroupBroadcast(lower, 1u), subgroupBroadcast(lower, 5u)), factor);
      sum2 = accumulate(sum2, mat4x4f(
        subgroupBroadcast(upper, 2u), subgroupBroadcast(upper, 6u), subgroupBroadcast(lower, 2u), subgroupBroadcast(lower, 6u)), factor);
      sum3 = accumulate(sum3, mat4x4f(
        subgroupBroadcast(upper, 3u), subgroupBroadcast(upper, 7u), subgroupBroadcast(lower, 3u), subgroupBroadcast(lower, 7u)), factor);
    }
  }
  store(position, rows, column, array<mat4x4f, 4>(sum0, sum1, sum2, sum3));
}
