// Routing backward, weights constant: dz = g du + (g'(n) / n) (z . du) z;  da = dz S^T;  de_i = sum_j w_ij da_j.
// g is squash's factor (n^2 / (1 + n^2))^squashPower / n. One workgroup owns one user, its invocations share the columns of each
// phase in turn. Padded behaviours and inactive interests have weight 0, so their gradients come out 0.
//   z, du      [batch, interests, h]       read
//   weights    [batch, length, interests]  read
//   transform  [d, h]                      read
//   de         [batch, length, d]          write
//   dz         [batch, interests, h]       write

override squashPower: f32 = 1.0; // 0 is L2 normalisation
override identity: bool = false; // there is no S, and da = dz
override workgroupSize: u32 = 32u;
override hQuadsOfAll: u32 = 64u; // interests hQuads
override dQuadsOfAll: u32 = 64u; // 4 interestQuads dQuads

struct Params { batch: u32, length: u32, d: u32, dQuads: u32, hQuads: u32, interests: u32, interestQuads: u32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> z: array<vec4f>;
@group(0) @binding(2) var<storage, read> du: array<vec4f>;
@group(0) @binding(3) var<storage, read> weights: array<vec4f>;
@group(0) @binding(4) var<storage, read> transform: array<vec4f>;
@group(0) @binding(5) var<storage, read_write> de: array<vec4f>;
@group(0) @binding(6) var<storage, read_write> dz: array<vec4f>;

var<workgroup> factors: array<vec2f, 64>;
var<workgroup> capsule: array<vec4f, hQuadsOfAll>; // dz
var<workgroup> sum: array<vec4f, dQuadsOfAll>;     // da

/// What du and z count in dz, for interest j.
fn measure(first: u32) -> vec2f {
  var norm2 = 0.0;
  var along = 0.0;
  for (var c = 0u; c < params.hQuads; c++) {
    norm2 += dot(z[first + c], z[first + c]);
    along += dot(z[first + c], du[first + c]);
  }
  if (squashPower != 1.0) {
    let scale = select(0.0, inverseSqrt(max(norm2, 1e-30)), norm2 > 1e-30) * pow(norm2 / (1.0 + norm2), squashPower);
    return vec2f(scale, scale * (2.0 * squashPower / (1.0 + norm2) - 1.0) / max(norm2, 1e-30) * along);
  }
  let scale = norm2 / (1.0 + norm2) * inverseSqrt(norm2 + 1e-9);
  let inverseNorm = select(0.0, inverseSqrt(norm2), norm2 > 0.0);
  return vec2f(scale, (1.0 - norm2) / ((1.0 + norm2) * (1.0 + norm2)) * inverseNorm * along);
}

/// One column of da, from a row of S; columns beyond d are 0.
fn mapBack(j: u32, k: u32) -> f32 {
  var result = 0.0;
  let row = min(k, params.d - 1u) * params.hQuads;
  for (var c = 0u; c < params.hQuads; c++) {
    result += dot(capsule[j * params.hQuads + c], transform[row + c]);
  }
  return select(0.0, result, k < params.d);
}

@compute @workgroup_size(workgroupSize)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let user = group.x + group.y * groups.x;
  if (user >= params.batch) {
    return;
  }
  let first = user * params.interests * params.hQuads;
  for (var j = lane; j < params.interests; j += workgroupSize) {
    factors[j] = measure(first + j * params.hQuads);
  }
  workgroupBarrier();
  for (var index = lane; index < params.interests * params.hQuads; index += workgroupSize) {
    let factor = factors[index / params.hQuads];
    let value = factor.x * du[first + index] + factor.y * z[first + index];
    capsule[index] = value;
    dz[first + index] = value;
  }
  workgroupBarrier();
  for (var index = lane; index < 4u * params.interestQuads * params.dQuads; index += workgroupSize) {
    let j = index / params.dQuads;
    let k = index % params.dQuads * 4u;
    var value = vec4f();
    if (j < params.interests && identity) {
      value = capsule[index];
    } else if (j < params.interests) {
      value = vec4f(mapBack(j, k), mapBack(j, k + 1u), mapBack(j, k + 2u), mapBack(j, k + 3u));
    }
    sum[index] = value;
  }
  workgroupBarrier();
  for (var index = lane; index < params.length * params.dQuads; index += workgroupSize) {
    let place = (user * params.length + index / params.dQuads) * params.interestQuads;
    var value = vec4f();
    for (var q = 0u; q < params.interestQuads; q++) {
      let base = 4u * q * params.dQuads + index % params.dQuads;
      value += mat4x4f(
        sum[base], sum[base + params.dQuads], sum[base + 2u * params.dQuads], sum[base + 3u * params.dQuads],
      ) * weights[place + q];
    }
    de[user * params.length * params.dQuads + index] = value;
  }
}
