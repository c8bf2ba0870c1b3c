// Inverse norms as in inverse_norms.wgsl, for subgroups of 8: y_i = 1 / |x_i S|, 0 for a zero row.
// A workgroup is one subgroup and owns 32 rows; an invocation owns 4 rows, 8 apart. It makes 16 columns of x S at a time as
// matmul_subgroup.wgsl does, each block of S loaded by eighths and broadcast, and keeps their squares alone.
//   x  [rows, inner]     read
//   s  [inner, columns]  read
//   y  [rows, 1]         write; the padding of its rows is zero

enable subgroups;

struct Params {
  rows: u32,
  inner: u32,
  innerQuads: u32,
  columnQuads: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;
@group(0) @binding(2) var<storage, read> s: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> y: array<vec4f>;

fn advance(sum: vec4f, values: mat4x4f, factor: vec4f) -> vec4f {
  return fma(vec4f(factor.w), values[3], fma(vec4f(factor.z), values[2],
    fma(vec4f(factor.y), values[1], fma(vec4f(factor.x), values[0], sum))));
}

fn accumulate(sum: mat4x4f, values: mat4x4f, factor: mat4x4f) -> mat4x4f {
  return mat4x4f(
    advance(sum[0], values, factor[0]), advance(sum[1], values, factor[1]),
    advance(sum[2], values, factor[2]), advance(sum[3], values, factor[3]));
}

/// The squares of one quad of columns of the four rows, where there is such a quad.
fn squares(sum: mat4x4f, quad: u32) -> vec4f {
  return f32(quad < params.columnQuads) * vec4f(dot(sum[0], sum[0]), dot(sum[1], sum[1]), dot(sum[2], sum[2]), dot(sum[3], sum[3]));
}

@compute @workgroup_size(8)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(subgroup_invocation_id) lane: u32,
) {
  let rows = (group.x + group.y * groups.x) * 32u + lane + vec4u(0u, 8u, 16u, 24u);
  // Rows and columns beyond the last repeat it; they are not counted.
  let source = min(rows, vec4u(params.rows - 1u)) * params.innerQuads;
  let last = params.inner - 1u;
  var norm2 = vec4f();
  for (var tile = 0u; tile < (params.columnQuads + 3u) / 4u; tile++) {
    let column = tile * 4u;
    let quad = min(column + lane % 4u, params.columnQuads - 1u);
    var sum0 = mat4x4f();
    var sum1 = mat4x4f();
    var sum2 = mat4x4f();
    var sum3 = mat4x4f();
    for (var k = 0u; k < params.innerQuads; k++) {
      let factor = mat4x4f(x[source.x + k], x[source.y + k], x[source.z + k], x[source.w + k]);
      // Invocation lane holds quad lane % 4 of rows lane / 4 and 2 + lane / 4 of the block. The padding of x is zero, so any
      // finite row of S may stand in past the last.
      let upper = s[min(k * 4u + lane / 4u, last) * params.columnQuads + quad];
      let lower = s[min(k * 4u + 2u + lane / 4u, last) * params.columnQuads + quad];
      sum0 = accumulate(sum0, mat4x4f(
        subgroupBroadcast(upper, 0u), subgroupBroadcast(upper, 4u), subgroupBroadcast(lower, 0u), subgroupBroadcast(lower, 4u)), factor);
      sum1 = accumulate(sum1, mat4x4f(
        subgroupBroadcast(upper, 1u), subgroupBroadcast(upper, 5u), subgroupBroadcast(lower, 1u), subgroupBroadcast(lower, 5u)), factor);
      sum2 = accumulate(sum2, mat4x4f(
        subgroupBroadcast(upper, 2u), subgroupBroadcast(upper, 6u), subgroupBroadcast(lower, 2u), subgroupBroadcast(lower, 6u)), factor);
      sum3 = accumulate(sum3, mat4x4f(
        subgroupBroadcast(upper, 3u), subgroupBroadcast(upper, 7u), subgroupBroadcast(lower, 3u), subgroupBroadcast(lower, 7u)), factor);
    }
    norm2 += squares(sum0, column) + squares(sum1, column + 1u) + squares(sum2, column + 2u) + squares(sum3, column + 3u);
  }
  let inverse = select(vec4f(), inverseSqrt(max(norm2, vec4f(1e-30))), norm2 > vec4f(1e-30));
  for (var r = 0u; r < 4u; r++) {
    if (rows[r] < params.rows) {
      y[rows[r]] = vec4f(inverse[r], 0.0, 0.0, 0.0);
    }
  }
}
