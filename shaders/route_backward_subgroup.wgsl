// Routing backward, weights constant, as in route_backward.wgsl, for subgroups of 8, at most 4 interests and 64 columns.
// One subgroup owns one user and needs no barrier: an invocation holds two quads of columns of all four interests, quad `lane`
// and, when wide, quad `lane + 8`; what the others hold comes by shuffles, which cost far less than loads on software adapters.
// Loop bounds come from params because unrolled loops take long to compile. Padded behaviours have weight 0 and get 0.
//   z, du      [batch, interests, h]       read
//   weights    [batch, length, interests]  read
//   transform  [d, h]                      read
//   de         [batch, length, d]          write
//   dz         [batch, interests, h]       write

enable subgroups;

override wide: bool = true; // more than 32 columns
override squashPower: f32 = 1.0; // 0 is L2 normalisation
override identity: bool = false; // there is no S, and da = dz

struct Params { batch: u32, length: u32, d: u32, dQuads: u32, hQuads: u32, interests: u32, lanes: u32, quad: u32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> z: array<vec4f>;
@group(0) @binding(2) var<storage, read> du: array<vec4f>;
@group(0) @binding(3) var<storage, read> weights: array<vec4f>;
@group(0) @binding(4) var<storage, read> transform: array<vec4f>;
@group(0) @binding(5) var<storage, read_write> de: array<vec4f>;
@group(0) @binding(6) var<storage, read_write> dz: array<vec4f>;

/// Four columns of four interests from each half of the width.
struct Columns { near: mat4x4f, far: mat4x4f }

fn addScaled(m: mat4x4f, factors: vec4f, row: vec4f) -> mat4x4f {
  return mat4x4f(
    fma(vec4f(factors.x), row, m[0]), fma(vec4f(factors.y), row, m[1]),
    fma(vec4f(factors.z), row, m[2]), fma(vec4f(factors.w), row, m[3]));
}

/// What du and z count in dz, for |z|^2 and z . du.
fn factorsOf(norm2: f32, along: f32) -> vec2f {
  if (squashPower != 1.0) {
    let scale = select(0.0, inverseSqrt(max(norm2, 1e-30)), norm2 > 1e-30) * pow(norm2 / (1.0 + norm2), squashPower);
    return vec2f(scale, scale * (2.0 * squashPower / (1.0 + norm2) - 1.0) / max(norm2, 1e-30) * along);
  }
  let inverseNorm = select(0.0, inverseSqrt(norm2), norm2 > 0.0);
  return vec2f(
    norm2 / (1.0 + norm2) * inverseSqrt(norm2 + 1e-9),
    (1.0 - norm2) / ((1.0 + norm2) * (1.0 + norm2)) * inverseNorm * along);
}

/// dz of every interest, written and returned.
fn squashBackward(user: u32, lane: u32) -> Columns {
  var result = Columns();
  let near = min(lane, params.hQuads - 1u);
  let far = min(lane + 8u, params.hQuads - 1u);
  let nearInside = f32(lane < params.hQuads);
  let farInside = f32(lane + 8u < params.hQuads);
  for (var j = 0u; j < params.interests; j++) {
    let row = (user * params.interests + j) * params.hQuads;
    let zNear = z[row + near] * nearInside;
    let duNear = du[row + near];
    var zFar = vec4f();
    var duFar = vec4f();
    if (wide) {
      zFar = z[row + far] * farInside;
      duFar = du[row + far];
    }
    let sums = subgroupAdd(vec2f(dot(zNear, zNear) + dot(zFar, zFar), dot(zNear, duNear) + dot(zFar, duFar)));
    let factors = factorsOf(sums.x, sums.y);
    let dzNear = factors.x * nearInside * duNear + factors.y * zNear;
    let dzFar = factors.x * farInside * duFar + factors.y * zFar;
    if (lane < params.hQuads) {
      dz[row + lane] = dzNear;
    }
    if (wide && lane + 8u < params.hQuads) {
      dz[row + lane + 8u] = dzFar;
    }
    let place = vec4f(vec4u(j) == vec4u(0u, 1u, 2u, 3u));
    result.near = addScaled(result.near, place, dzNear);
    result.far = addScaled(result.far, place, dzFar);
  }
  return result;
}

/// What quad c of the dz of all interests, which the owner holds, adds to column k of their da; 0 beyond d.
fn mapBack(gradient: mat4x4f, owner: u32, c: u32, k: u32) -> vec4f {
  let s = transform[min(k, params.d - 1u) * params.hQuads + c] * f32(k < params.d);
  return vec4f(
    dot(subgroupShuffle(gradient[0], owner), s), dot(subgroupShuffle(gradient[1], owner), s),
    dot(subgroupShuffle(gradient[2], owner), s), dot(subgroupShuffle(gradient[3], owner), s));
}

/// da = dz S^T; an invocation makes its own columns.
fn mapAllBack(gradient: Columns, lane: u32) -> Columns {
  if (identity) {
    return gradient;
  }
  var da = Columns();
  for (var c = 0u; c < params.hQuads; c++) {
    let beyond = vec4<bool>(wide && c >= 8u);
    let half = mat4x4f(
      select(gradient.near[0], gradient.far[0], beyond), select(gradient.near[1], gradient.far[1], beyond),
      select(gradient.near[2], gradient.far[2], beyond), select(gradient.near[3], gradient.far[3], beyond));
    for (var r = 0u; r < params.quad; r++) {
      let place = vec4f(vec4u(r) == vec4u(0u, 1u, 2u, 3u));
      da.near = addScaled(da.near, mapBack(half, c % 8u, c, 4u * lane + r), place);
      if (wide) {
        da.far = addScaled(da.far, mapBack(half, c % 8u, c, 4u * lane + 32u + r), place);
      }
    }
  }
  return da;
}

@compute @workgroup_size(8)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(subgroup_invocation_id) lane: u32) {
  let user = group.x + group.y * groups.x;
  if (user >= params.batch) {
    return;
  }
  let da = mapAllBack(squashBackward(user, lane), lane);
  let first = user * params.length;
  for (var tile = 0u; tile < params.length; tile += params.lanes) {
    let own = weights[first + min(tile + lane, params.length - 1u)];
    for (var k = 0u; k < min(params.lanes, params.length - tile); k++) {
      let w = subgroupShuffle(own, k);
      let row = (first + tile + k) * params.dQuads;
      if (lane < params.dQuads) {
        de[row + lane] = da.near * w;
      }
      if (wide && lane + 8u < params.dQuads) {
        de[row + lane + 8u] = da.far * w;
      }
    }
  }
}
