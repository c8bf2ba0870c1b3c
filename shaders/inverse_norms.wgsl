// Inverse norms: y_i = 1 / |x_i S|, or 1 / |x_i| when not mapped; 0 for a zero row.
// One invocation owns four rows and makes their products with S column by column, of which it keeps the squares alone.
//   x  [rows, inner]     read
//   s  [inner, columns]  read, when mapped
//   y  [rows, 1]         write; the padding of its rows is zero

override mapped: bool = false;

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

/// The squared norms of four rows, where they begin.
fn squares(rows: vec4u) -> vec4f {
  var norm2 = vec4f();
  for (var column = 0u; column < params.columnQuads; column++) {
    var sums = mat4x4f();
    if (mapped) {
      for (var k = 0u; k < params.innerQuads; k++) {
        // The padding of x is zero, so any finite row of S may stand in where k passes the last.
        let at = min(k * 4u + vec4u(0u, 1u, 2u, 3u), vec4u(params.inner - 1u)) * params.columnQuads + column;
        let values = mat4x4f(s[at.x], s[at.y], s[at.z], s[at.w]);
        sums = mat4x4f(
          advance(sums[0], values, x[rows.x + k]), advance(sums[1], values, x[rows.y + k]),
          advance(sums[2], values, x[rows.z + k]), advance(sums[3], values, x[rows.w + k]));
      }
    } else {
      sums = mat4x4f(x[rows.x + column], x[rows.y + column], x[rows.z + column], x[rows.w + column]);
    }
    norm2 += vec4f(dot(sums[0], sums[0]), dot(sums[1], sums[1]), dot(sums[2], sums[2]), dot(sums[3], sums[3]));
  }
  return norm2;
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let row = (id.x + id.y * groups.x * 64u) * 4u;
  if (row >= params.rows) {
    return;
  }
  // Rows beyond the last repeat it; they are not stored.
  let rows = min(row + vec4u(0u, 1u, 2u, 3u), vec4u(params.rows - 1u)) * params.innerQuads;
  let norm2 = squares(rows);
  let inverse = select(vec4f(), inverseSqrt(max(norm2, vec4f(1e-30))), norm2 > vec4f(1e-30));
  for (var r = 0u; r < min(4u, params.rows - row); r++) {
    y[row + r] = vec4f(inverse[r], 0.0, 0.0, 0.0);
  }
}
