// Matrix product with optional bias and ReLU, for subgroups of 8: c = activation(a b + bias).
// One invocation owns 1 row by 16 columns of c. A subgroup loads each 4 by 16 block of b once, an invocation 8 numbers of
// it, and broadcasts them: on software adapters loads cost many times what a broadcast or a multiply-add does.
//   a     [rows, inner]     read
//   b     [inner, columns]  read
//   bias  [1, columns]      read, when hasBias
//   c     [rows, columns]   write; column padding comes out zero, for that of b and bias is zero

enable subgroups;

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
  if (row < params.rows && column < params.columnQuads) {
    var value = sum;
    if (hasBias) {
      value += bias[column];
    }
    c[row * params.columnQuads + column] = select(value, max(value, vec4f(0.0)), relu);
  }
}

@compute @workgroup_size(64)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) local: u32,
  @builtin(subgroup_invocation_id) lane: u32,
) {
  // A workgroup owns 64 rows by 16 columns, so that every invocation takes part in every broadcast.
  let columnTiles = (params.columnQuads + 3u) / 4u;
  let tile = group.x + group.y * groups.x;
  let column = tile % columnTiles * 4u;
  let row = tile / columnTiles * 64u + local;
  let lastColumn = params.columnQuads - 1u;
  let source = min(row, params.rows - 1u) * params.innerQuads;
  // This invocation loads row lane / 2 of a block, quads lane % 2 and 2 + lane % 2.
  let near = min(column + lane % 2u, lastColumn);
  let far = min(column + 2u + lane % 2u, lastColumn);
  var sum0 = vec4f();
  var sum1 = vec4f();
  var sum2 = vec4f();
  var sum3 = vec4f();
  for (var k = 0u; k < params.innerQuads; k++) {
    // The padding of a is zero, so any finite row of b may stand in where k passes the last.
    let inner = min(k * 4u + lane / 2u, params.inner - 1u) * params.columnQuads;
    let left = b[inner + near];
    let right = b[inner + far];
    let value = a[source + k];
    sum0 = fma(vec4f(value.x), subgroupBroadcast(left, 0u), sum0);
    sum1 = fma(vec4f(value.x), subgroupBroadcast(left, 1u), sum1);
    sum2 = fma(vec4f(value.x), subgroupBroadcast(right, 0u), sum2);
    sum3 = fma(vec4f(value.x), subgroupBroadcast(right, 1u), sum3);
    sum0 = fma(vec4f(value.y), subgroupBroadcast(left, 2u), sum0);
    sum1 = fma(vec4f(value.y), subgroupBroadcast(left, 3u), sum1);
    sum2 = fma(vec4f(value.y), subgroupBroadcast(right, 2u), sum2);
    sum3 = fma(vec4f(value.y), subgroupBroadcast(right, 3u), sum3);
    sum0 = fma(vec4f(value.z), subgroupBroadcast(left, 4u), sum0);
    sum1 = fma(vec4f(value.z), subgroupBroadcast(left, 5u), sum1);
    sum2 = fma(vec4f(value.z), subgroupBroadcast(right, 4u), sum2);
    sum3 = fma(vec4f(value.z), subgroupBroadcast(right, 5u), sum3);
    sum0 = fma(vec4f(value.w), subgroupBroadcast(left, 6u), sum0);
    sum1 = fma(vec4f(value.w), subgroupBroadcast(left, 7u), sum1);
    sum2 = fma(vec4f(value.w), subgroupBroadcast(right, 6u), sum2);
    sum3 = fma(vec4f(value.w), subgroupBroadcast(right, 7u), sum3);
  }
  store(row, column, sum0);
  store(row, column + 1u, sum1);
  store(row, column + 2u, sum2);
  store(row, column + 3u, sum3);
}
