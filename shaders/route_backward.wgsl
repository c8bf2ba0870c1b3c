// Routing backward, weights constant: de_i = sum_j w_ij da_j.
// One invocation owns four columns of four behaviours of one user. Padded behaviours have weight 0 and get 0.
//   weights  [batch, length, interests]  read
//   da       [batch, interests, d]       read
//   de       [batch, length, d]          write

struct Params {
  batch: u32,
  length: u32,
  interests: u32,
  interestQuads: u32,
  dQuads: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> weights: array<vec4f>;
@group(0) @binding(2) var<storage, read> da: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> de: array<vec4f>;

fn store(user: u32, i: u32, column: u32, sum: vec4f) {
  if (i < params.length) {
    de[(user * params.length + i) * params.dQuads + column] = sum;
  }
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let index = id.x + id.y * groups.x * 64u;
  let column = index % params.dQuads;
  let tiles = (params.length + 3u) / 4u;
  let first = index / params.dQuads % tiles * 4u;
  let user = index / params.dQuads / tiles;
  if (user >= params.batch) {
    return;
  }
  // Behaviours beyond the last repeat it; they are not stored.
  let last = params.length - 1u;
  let base = user * params.length;
  let row0 = (base + first) * params.interestQuads;
  let row1 = (base + min(first + 1u, last)) * params.interestQuads;
  let row2 = (base + min(first + 2u, last)) * params.interestQuads;
  let row3 = (base + min(first + 3u, last)) * params.interestQuads;
  var sum0 = vec4f();
  var sum1 = vec4f();
  var sum2 = vec4f();
  var sum3 = vec4f();
  let lastInterest = params.interests - 1u;
  for (var q = 0u; q < params.interestQuads; q++) {
    // Weights of interests beyond the last are zero padding, so any finite row of da may stand in.
    let source = user * params.interests;
    let gradients = mat4x4f(
      da[(source + 4u * q) * params.dQuads + column],
      da[(source + min(4u * q + 1u, lastInterest)) * params.dQuads + column],
      da[(source + min(4u * q + 2u, lastInterest)) * params.dQuads + column],
      da[(source + min(4u * q + 3u, lastInterest)) * params.dQuads + column]);
    sum0 += gradients * weights[row0 + q];
    sum1 += gradients * weights[row1 + q];
    sum2 += gradients * weights[row2 + q];
    sum3 += gradients * weights[row3 + q];
  }
  store(user, first, column, sum0);
  store(user, first + 1u, column, sum1);
  store(user, first + 2u, column, sum2);
  store(user, first + 3u, column, sum3);
}
