// Matrix product with the first factor transposed, in parts, for subgroups of 8: partial[p] = sum over part p of a_r^T b_r.
// One invocation owns 8 rows by 4 columns of one part, a subgroup 8 by 32. It loads each 4 by 8 block of a once, an
// invocation 4 numbers of it, and broadcasts them. matmul_reduce.wgsl adds the parts up.
//   a        [inner, rows]           read
//   b        [inner, columns]        read
//   partial  [parts, rows, columns]  write; column padding comes out zero, for that of b is zero

enable subgroups;

struct Params {
  rows: u32,
  inner: u32,
  innerPerPart: u32,
  parts: u32,
  rowQuads: u32,
  columnQuads: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> a: array<vec4f>;
@group(0) @binding(2) var<storage, read> b: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> partial: array<vec4f>;

fn store(part: u32, row: u32, column: u32, sum: vec4f) {
  if (part < params.parts && row < params.rows && column < params.columnQuads) {
    partial[(part * params.rows + row) * params.columnQuads + column] = sum;
  }
}

@compute @workgroup_size(8)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(subgroup_invocation_id) lane: u32,
) {
  let columnTiles = (params.columnQuads + 7u) / 8u;
  let rowTiles = (params.rowQuads + 1u) / 2u;
  let tile = group.x + group.y * groups.x;
  let column = tile % columnTiles * 8u + lane;
  let row = tile / columnTiles % rowTiles * 2u;
  let part = tile / columnTiles / rowTiles;
  let begin = part * params.innerPerPart;
  let end = min(begin + params.innerPerPart, params.inner);
  let steps = (max(end, begin) - begin + 3u) / 4u;
  let source = min(column, params.columnQuads - 1u);
  let factorColumn = min(row + lane % 2u, params.rowQuads - 1u);
  var sum0 = vec4f();
  var sum1 = vec4f();
  var sum2 = vec4f();
  var sum3 = vec4f();
  var sum4 = vec4f();
  var sum5 = vec4f();
  var sum6 = vec4f();
  var sum7 = vec4f();
  for (var step = 0u; step < steps; step++) {
    let k = begin + step * 4u;
    // Invocation lane holds quad lane % 2 of row lane / 2 of the block; rows beyond the end count as zero.
    let mine = k + lane / 2u;
    let factors = select(vec4f(), a[min(mine, params.inner - 1u) * params.rowQuads + factorColumn], mine < end);
    for (var r = 0u; r < 4u; r++) {
      let values = b[min(k + r, params.inner - 1u) * params.columnQuads + source];
      let left = subgroupShuffle(factors, r * 2u);
      let right = subgroupShuffle(factors, r * 2u + 1u);
      sum0 = fma(vec4f(left.x), values, sum0);
      sum1 = fma(vec4f(left.y), values, sum1);
      sum2 = fma(vec4f(left.z), values, sum2);
      sum3 = fma(vec4f(left.w), values, sum3);
      sum4 = fma(vec4f(right.x), values, sum4);
      sum5 = fma(vec4f(right.y), values, sum5);
      sum6 = fma(vec4f(right.z), values, sum6);
      sum7 = fma(vec4f(right.w), values, sum7);
    }
  }
  store(part, row * 4u, column, sum0);
  store(part, row * 4u + 1u, column, sum1);
  store(part, row * 4u + 2u, column, sum2);
  store(part, row * 4u + 3u, column, sum3);
  store(part, row * 4u + 4u, column, sum4);
  store(part, row * 4u + 5u, column, sum5);
  store(part, row * 4u + 6u, column, sum6);
  store(part, row * 4u + 7u, column, sum7);
}
