// Backward of the weighted sums: dw_ij = dv_j . e_i and de_i = sum_j w_ij dv_j.
// One invocation owns one behaviour: its weights' gradients, and its row's, quad by quad.
//   w   [batch, length, interests]  read; row padding is zero
//   e   [batch, length, d]          read
//   dv  [batch, interests, d]       read
//   dw  [batch, length, interests]  write; row padding gets zero
//   de  [batch, length, d]          write

struct Params {
  rows: u32, // batch length
  length: u32,
  interests: u32,
  interestQuads: u32,
  dQuads: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> w: array<vec4f>;
@group(0) @binding(2) var<storage, read> e: array<vec4f>;
@group(0) @binding(3) var<storage, read> dv: array<vec4f>;
@group(0) @binding(4) var<storage, read_write> dw: array<vec4f>;
@group(0) @binding(5) var<storage, read_write> de: array<vec4f>;

/// Quad c of the gradient of interest j, zero beyond the last.
fn upstream(user: u32, j: u32, c: u32) -> vec4f {
  let value = dv[(user * params.interests + min(j, params.interests - 1u)) * params.dQuads + c];
  return select(vec4f(), value, j < params.interests);
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let row = id.x + id.y * groups.x * 64u;
  if (row >= params.rows) {
    return;
  }
  let user = row / params.length;
  for (var q = 0u; q < params.interestQuads; q++) {
    let factors = w[row * params.interestQuads + q];
    var products = vec4f();
    for (var c = 0u; c < params.dQuads; c++) {
      let gradients = mat4x4f(
        upstream(user, 4u * q, c), upstream(user, 4u * q + 1u, c),
        upstream(user, 4u * q + 2u, c), upstream(user, 4u * q + 3u, c));
      products += e[row * params.dQuads + c] * gradients;
      var sum = gradients * factors;
      if (q > 0u) {
        sum += de[row * params.dQuads + c];
      }
      de[row * params.dQuads + c] = sum;
    }
    dw[row * params.interestQuads + q] = products;
  }
}
