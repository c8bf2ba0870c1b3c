// Behaviour-to-interest routing as in route.wgsl, for subgroups of 8, at most 4 interests and 64 columns; interests compete.
// One subgroup owns one user and needs no barrier. Where logits are made an invocation is one behaviour; where sums and
// products are made it is two quads of columns of all four interests: quad `lane`, and quad `lane + 8` when wide. It gets what
// the others hold by shuffles: on software adapters a load costs many times what a shuffle or a multiply-add does.
// Loop bounds come from params because unrolled loops take seconds to compile. Padding gets 0 in every output.
//   e          [batch, length, d]     read     u        [batch, interests, h]       write  squash(z)
//      or a table [rows, d] when gathered,     z        [batch, interests, h]       write, when save
//   ids        [batch, length]        read     weights  [batch, length, interests]  write, when save: the last w
//      whose row 0 counts as zeros             sums     [batch, interests, d]       write, when save: the last a
//   gram       [d, d]                 read     start    [length, interests]         read: the first logits, or when
//   transform  [d, h]                 read        fromCapsules [batch, interests, d], a before the first iteration
//   lengths, counts  [batch]          read
//                                              norms    [batch, length, 1]          read, for cosine: 1 / |e_i S|

enable subgroups;

override wide: bool = true; // more than 32 columns
override gathered: bool = false;
override accumulate: bool = true;
override save: bool = false;
override cosine: bool = false;
override similarityScale: f32 = 1.0;
override squashPower: f32 = 1.0; // 0 is L2 normalisation
override hard: bool = false;
override fromCapsules: bool = false;
override identity: bool = false; // there is no S

struct Params { batch: u32, length: u32, d: u32, dQuads: u32, hQuads: u32, interests: u32, iterations: u32, lanes: u32, quad: u32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> e: array<vec4f>;
@group(0) @binding(2) var<storage, read> ids: array<u32>;
@group(0) @binding(3) var<storage, read> gram: array<vec4f>;
@group(0) @binding(4) var<storage, read> transform: array<vec4f>;
@group(0) @binding(5) var<storage, read> lengths: array<u32>;
@group(0) @binding(6) var<storage, read> counts: array<u32>;
@group(0) @binding(7) var<storage, read> start: array<vec4f>;
@group(0) @binding(8) var<storage, read> norms: array<f32>;
@group(0) @binding(9) var<storage, read_write> u: array<vec4f>;
@group(0) @binding(10) var<storage, read_write> z: array<vec4f>;
@group(0) @binding(11) var<storage, read_write> weights: array<vec4f>;
@group(0) @binding(12) var<storage, read_write> sums: array<vec4f>;

/// Four columns of four interests from each half of the width.
struct Columns { near: mat4x4f, far: mat4x4f }

/// What one quad of a behaviour adds to its agreement with the four states, whose quad the owner holds.
fn agreement(value: vec4f, state: mat4x4f, owner: u32) -> vec4f {
  return vec4f(
    dot(subgroupShuffle(state[0], owner), value), dot(subgroupShuffle(state[1], owner), value),
    dot(subgroupShuffle(state[2], owner), value), dot(subgroupShuffle(state[3], owner), value));
}

/// Softmax over the active interests, or all for the largest, the first of equals.
fn compete(b: vec4f, valid: vec4<bool>) -> vec4f {
  let open = select(vec4f(-3.4e38), b, valid);
  if (hard) {
    let top = open >= vec4f(max(max(open.x, open.y), max(open.z, open.w)));
    let earlier = vec4<bool>(false, top.x, top.x || top.y, top.x || top.y || top.z);
    return select(vec4f(), vec4f(1.0), top & !earlier & valid);
  }
  let p = select(vec4f(), exp(b - max(max(open.x, open.y), max(open.z, open.w))), valid);
  return p / max(dot(p, vec4f(1.0)), 1e-30);
}

fn addScaled(m: mat4x4f, factors: vec4f, row: vec4f) -> mat4x4f {
  return mat4x4f(
    fma(vec4f(factors.x), row, m[0]), fma(vec4f(factors.y), row, m[1]),
    fma(vec4f(factors.z), row, m[2]), fma(vec4f(factors.w), row, m[3]));
}

fn scaled(m: mat4x4f, factors: vec4f) -> mat4x4f {
  return mat4x4f(factors.x * m[0], factors.y * m[1], factors.z * m[2], factors.w * m[3]);
}

fn dots(x: Columns, y: Columns) -> vec4f {
  let near = vec4f(dot(x.near[0], y.near[0]), dot(x.near[1], y.near[1]), dot(x.near[2], y.near[2]), dot(x.near[3], y.near[3]));
  let far = vec4f(dot(x.far[0], y.far[0]), dot(x.far[1], y.far[1]), dot(x.far[2], y.far[2]), dot(x.far[3], y.far[3]));
  return near + far;
}

/// a M, or a S in the last iteration; columns beyond the width are 0.
fn product(a: Columns, lane: u32, last: bool) -> Columns {
  let columnQuads = select(params.dQuads, params.hQuads, last);
  let inside = vec4f(f32(lane < columnQuads));
  let insideFar = vec4f(f32(lane + 8u < columnQuads));
  if (identity) {
    return Columns(scaled(a.near, inside), scaled(a.far, insideFar));
  }
  var mapped = Columns();
  for (var k = 0u; k < params.dQuads; k++) {
    let owner = k % 8u;
    let beyond = wide && k >= 8u;
    let left = transpose(mat4x4f(
      subgroupShuffle(select(a.near[0], a.far[0], beyond), owner), subgroupShuffle(select(a.near[1], a.far[1], beyond), owner),
      subgroupShuffle(select(a.near[2], a.far[2], beyond), owner), subgroupShuffle(select(a.near[3], a.far[3], beyond), owner)));
    for (var c = 0u; c < params.quad; c++) {
      let factors = select(select(left[3], left[2], c == 2u), select(left[1], left[0], c == 0u), c < 2u);
      // The columns of a beyond d are zero, so any finite row may stand in.
      let row = min(k * 4u + c, params.d - 1u) * columnQuads;
      let near = row + min(lane, columnQuads - 1u);
      let far = row + min(lane + 8u, columnQuads - 1u);
      if (last) {
        mapped.near = addScaled(mapped.near, factors, transform[near]);
        if (wide) {
          mapped.far = addScaled(mapped.far, factors, transform[far]);
        }
      } else {
        mapped.near = addScaled(mapped.near, factors, gram[near]);
        if (wide) {
          mapped.far = addScaled(mapped.far, factors, gram[far]);
        }
      }
    }
  }
  return Columns(scaled(mapped.near, inside), scaled(mapped.far, insideFar));
}

/// The capsules to start from.
fn takeCapsules(user: u32, lane: u32) -> Columns {
  var taken = Columns();
  for (var j = 0u; j < params.interests; j++) {
    let row = (user * params.interests + j) * params.dQuads;
    let place = vec4f(vec4u(j) == vec4u(0u, 1u, 2u, 3u));
    let last = params.dQuads - 1u;
    taken.near = addScaled(taken.near, place * f32(lane <= last), start[row + min(lane, last)]);
    if (wide) {
      taken.far = addScaled(taken.far, place * f32(lane + 8u <= last), start[row + min(lane + 8u, last)]);
    }
  }
  return taken;
}

/// What capsules of squared length n^2 count: (n^2 / (1 + n^2))^squashPower / n.
fn squashed(norm2: vec4f) -> vec4f {
  if (squashPower == 1.0) {
    return norm2 / (1.0 + norm2) * inverseSqrt(norm2 + 1e-9);
  }
  return inverseLength(norm2) * pow(norm2 / (1.0 + norm2), vec4f(squashPower));
}

fn inverseLength(norm2: vec4f) -> vec4f {
  return select(vec4f(), inverseSqrt(max(norm2, vec4f(1e-30))), norm2 > vec4f(1e-30));
}

@compute @workgroup_size(8)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(subgroup_invocation_id) lane: u32) {
  let user = group.x + group.y * groups.x;
  if (user >= params.batch) {
    return;
  }
  let n = min(lengths[user], params.length);
  let valid = vec4u(0u, 1u, 2u, 3u) < vec4u(min(counts[user], params.interests));
  let lastQuad = params.dQuads - 1u;
  var state = Columns();
  var a = Columns();
  var mapped = Columns();
  var scale = vec4f();
  let rounds = params.iterations + u32(fromCapsules);
  for (var round = 0u; round < rounds; round++) {
    let last = round + 1u == rounds;
    let isStart = fromCapsules && round == 0u;
    a = Columns();
    if (isStart) {
      a = takeCapsules(user, lane);
    }
    for (var tile = 0u; tile < (n + 7u) / 8u && !isStart; tile++) {
      let i = tile * 8u + lane;
      let place = user * params.length + min(i, n - 1u);
      var row = place * params.dQuads;
      var present = 1.0;
      if (gathered) {
        row = ids[place] * params.dQuads;
        present = f32(ids[place] != 0u);
      }
      var b = vec4f();
      if (!fromCapsules && (accumulate || round == 0u)) {
        b = start[min(i, n - 1u)];
      }
      var factor = present;
      if (cosine) {
        factor *= norms[4u * place];
      }
      if (round > 0u) {
        // The columns of the state beyond d are zero, so any finite quad may stand in.
        for (var k = 0u; k < params.lanes; k++) {
          b += factor * agreement(e[row + min(k, lastQuad)], state.near, k);
          if (wide) {
            b += factor * agreement(e[row + min(k + 8u, lastQuad)], state.far, k);
          }
        }
      }
      let w = select(vec4f(), compete(b, valid), i < n);
      if (save && last && i < n) {
        weights[place] = w;
      }
      for (var k = 0u; k < params.lanes; k++) {
        let factors = subgroupShuffle(w * present, k);
        let source = subgroupShuffle(row, k);
        a.near = addScaled(a.near, factors, e[source + min(lane, lastQuad)]);
        if (wide) {
          a.far = addScaled(a.far, factors, e[source + min(lane + 8u, lastQuad)]);
        }
      }
    }
    mapped = product(a, lane, last);
    let norm2 = max(subgroupAdd(select(dots(mapped, a), dots(mapped, mapped), vec4<bool>(last))), vec4f());
    if (cosine && !last) {
      scale = similarityScale * inverseLength(norm2);
    } else {
      scale = select(squashed(norm2), vec4f(1.0), isStart);
    }
    let kept = vec4f(f32(accumulate));
    state.near = scaled(state.near, kept) + scaled(mapped.near, scale);
    state.far = scaled(state.far, kept) + scaled(mapped.far, scale);
  }
  // Copies, so that the dynamic index j does not force the loops above to keep their columns in memory.
  var lastMapped = mapped;
  var lastSums = a;
  for (var j = 0u; j < params.interests; j++) {
    let row = user * params.interests + j;
    store(row * params.hQuads, lane, scale[j], lastMapped.near[j], lastSums.near[j], row * params.dQuads);
    if (wide) {
      store(row * params.hQuads, lane + 8u, scale[j], lastMapped.far[j], lastSums.far[j], row * params.dQuads);
    }
  }
  if (save) {
    for (var i = n + lane; i < params.length; i += 8u) {
      weights[user * params.length + i] = vec4f();
    }
  }
}

fn store(mappedRow: u32, quad: u32, scale: f32, mapped: vec4f, sum: vec4f, sumRow: u32) {
  if (quad < params.hQuads) {
    u[mappedRow + quad] = scale * mapped;
    if (save) {
      z[mappedRow + quad] = mapped;
    }
  }
  if (save && quad < params.dQuads) {
    sums[sumRow + quad] = sum;
  }
}
