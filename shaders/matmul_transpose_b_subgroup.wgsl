// Matrix product with the second factor transposed, for subgroups of 8: c = a b^T.
// One invocation owns 1 row by 16 columns of c. A subgroup loads each block of 16 rows of b by 4 once, an invocation 8
// numbers of it, and broadcasts them: on software adapters loads cost many times what a broadcast or a multiply-add does.
//   a  [rows, inner]     read
//   b  [columns, inner]  read
//   c  [rows, columns]   write; column padding is written as zero

enable subgroups;

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
  if (row < params.rows && column < params.columns) {
    let valid = vec4u(column, column + 1u, column + 2u, column + 3u) < vec4u(params.columns);
    c[row * params.columnQuads + column / 4u] = select(vec4f(), sum, valid);
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
  let column = tile % columnTiles * 16u;
  let row = tile / columnTiles * 64u + local;
  let lastColumn = params.columns - 1u;
  let source = min(row, params.rows - 1u) * params.innerQuads;
  let near = min(column + lane, lastColumn) * params.innerQuads;
  let far = min(column + 8u + lane, lastColumn) * params.innerQuads;
  var sum0 = vec4f();
  var sum1 = vec4f();
  var sum2 = vec4f();
  var sum3 = vec4f();
  for (var k = 0u; k < params.innerQuads; k++) {
    let left = b[near + k];
    let right = b[far + k];
    let value = a[source + k];
    sum0 += vec4f(
      dot(value, subgroupBroadcast(left, 0u)), dot(value, subgroupBroadcast(left, 1u)),
      dot(value, subgroupBroadcast(left, 2u)), dot(value, subgroupBroadcast(left, 3u)));
    sum1 += vec4f(
      dot(value, subgroupBroadcast(left, 4u)), dot(value, subgroupBroadcast(left, 5u)),
      dot(value, subgroupBroadcast(left, 6u)), dot(value, subgroupBroadcast(left, 7u)));
    sum2 += vec4f(
      dot(value, subgroupBroadcast(right, 0u)), dot(value, subgroupBroadcast(right, 1u)),
      dot(value, subgroupBroadcast(right, 2u)), dot(value, subgroupBroadcast(right, 3u)));
    sum3 += vec4f(
      dot(value, subgroupBroadcast(right, 4u)), dot(value, subgroupBroadcast(right, 5u)),
      dot(value, subgroupBroadcast(right, 6u)), dot(value, subgroupBroadcast(right, 7u)));
  }
  store(row, column, sum0);
  store(row, column + 4u, sum1);
  store(row, column + 8u, sum2);
  store(row, column + 12u, sum3);
}
