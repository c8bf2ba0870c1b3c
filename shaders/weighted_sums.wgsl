// Weighted sums of behaviours: v_j = sum_i w_ij e_i.
// One invocation owns four columns of four interests of one user. Padded behaviours have weight 0.
//   w  [batch, length, interests]  read; row padding is zero
//   e  [batch, length, d]          read
//   v  [batch, interests, d]       write

struct Params {
  batch: u32,
  length: u32,
  interests: u32,
  interestQuads: u32,
  dQuads: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> w: array<vec4f>;
@group(0) @binding(2) var<storage, read> e: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> v: array<vec4f>;

fn store(user: u32, j: u32, c: u32, sum: vec4f) {
  if (j < params.interests) {
    v[(user * params.interests + j) * params.dQuads + c] = sum;
  }
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let index = id.x + id.y * groups.x * 64u;
  let c = index % params.dQuads;
  let q = index / params.dQuads % params.interestQuads;
  let user = index / params.dQuads / params.interestQuads;
  if (user >= params.batch) {
    return;
  }
  var sum0 = vec4f();
  var sum1 = vec4f();
  var sum2 = vec4f();
  var sum3 = vec4f();
  for (var i = 0u; i < params.length; i++) {
    let place = user * params.length + i;
    let factors = w[place * params.interestQuads + q];
    let row = e[place * params.dQuads + c];
    sum0 = fma(vec4f(factors.x), row, sum0);
    sum1 = fma(vec4f(factors.y), row, sum1);
    sum2 = fma(vec4f(factors.z), row, sum2);
    sum3 = fma(vec4f(factors.w), row, sum3);
  }
  store(user, 4u * q, c, sum0);
  store(user, 4u * q + 1u, c, sum1);
  store(user, 4u * q + 2u, c, sum2);
  store(user, 4u * q + 3u, c, sum3);
}
