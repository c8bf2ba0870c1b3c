// Behaviour-to-interest routing as in route.wgsl, for GPUs; interests compete. One workgroup owns one user and reads its behaviours
// once, into workgroup memory. A behaviour's logits belong to one invocation. Sums and products belong to slots of four
// interests by one quad of columns; their sums over behaviours and over rows are cut into `parts`, so that there are enough of
// them for all invocations, and added up after a barrier. Padding gets 0 in every output.
//   e          [batch, length, d]     read     u        [batch, interests, h]       write  squash(z)
//      or a table [rows, d] when gathered,     z        [batch, interests, h]       write, when save
//   ids        [batch, length]        read     weights  [batch, length, interests]  write, when save: the last w
//      whose row 0 counts as zeros             sums     [batch, interests, d]       write, when save: the last a
//   gram       [d, d]                 read     start    [length, interests]         read: the first logits, or when
//   transform  [d, h]                 read        fromCapsules [batch, interests, d], a before the first iteration
//   lengths, counts  [batch]          read
//                                              norms    [batch, length, 1]          read, for cosine: 1 / |e_i S|

override workgroupSize: u32 = 64u;
override rowQuads: u32 = 64u;    // length (dQuads + 1)
override stateQuads: u32 = 64u;  // 4 interestQuads max(dQuads, hQuads)
override partialQuads: u32 = 64u; // parts 4 interestQuads max(dQuads, hQuads)
override weightQuads: u32 = 64u; // length interestQuads
override gathered: bool = false;
override accumulate: bool = true;
override save: bool = false;
override cosine: bool = false;
override similarityScale: f32 = 1.0;
override squashPower: f32 = 1.0; // 0 is L2 normalisation
override hard: bool = false;
override fromCapsules: bool = false;
override identity: bool = false; // there is no S

struct Params { batch: u32, length: u32, d: u32, dQuads: u32, hQuads: u32, interests: u32, interestQuads: u32, iterations: u32, parts: u32 }

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

var<workgroup> rows: array<vec4f, rowQuads>; // one quad apart from each other, against bank conflicts
var<workgroup> state: array<vec4f, stateQuads>;
var<workgroup> a: array<vec4f, stateQuads>;
var<workgroup> mapped: array<vec4f, stateQuads>; // a M, and in the last iteration a S
var<workgroup> partial: array<vec4f, partialQuads>;
var<workgroup> agreement: array<f32, stateQuads>; // what each quad adds to |z|^2
var<workgroup> w: array<vec4f, weightQuads>;

fn stage(user: u32, lane: u32, n: u32) {
  for (var index = lane; index < n * params.dQuads; index += workgroupSize) {
    let i = index / params.dQuads;
    let c = index % params.dQuads;
    let place = user * params.length + i;
    var value = vec4f();
    if (!gathered) {
      value = e[place * params.dQuads + c];
    } else if (ids[place] != 0u) {
      value = e[ids[place] * params.dQuads + c];
    }
    rows[i * (params.dQuads + 1u) + c] = value;
  }
}

/// The weights of the behaviours of this invocation: softmax over the active interests, or all for that of the largest logit.
fn weigh(user: u32, lane: u32, n: u32, count: u32, round: u32) {
  for (var i = lane; i < n; i += workgroupSize) {
    var largest = -3.4e38;
    var found = false;
    var factor = 1.0;
    if (cosine) {
      factor = norms[4u * (user * params.length + i)];
    }
    for (var q = 0u; q < params.interestQuads; q++) {
      var b = vec4f();
      if (!fromCapsules && (accumulate || round == 0u)) {
        b = start[i * params.interestQuads + q];
      }
      for (var c = 0u; c < params.dQuads && round > 0u; c++) {
        let base = 4u * q * params.dQuads + c;
        let value = factor * rows[i * (params.dQuads + 1u) + c];
        b += vec4f(
          dot(state[base], value), dot(state[base + params.dQuads], value),
          dot(state[base + 2u * params.dQuads], value), dot(state[base + 3u * params.dQuads], value));
      }
      b = select(vec4f(-3.4e38), b, vec4u(0u, 1u, 2u, 3u) + 4u * q < vec4u(count));
      w[i * params.interestQuads + q] = b;
      largest = max(largest, max(max(b.x, b.y), max(b.z, b.w)));
    }
    var total = 0.0;
    for (var q = 0u; q < params.interestQuads; q++) {
      var valid = vec4u(0u, 1u, 2u, 3u) + 4u * q < vec4u(count);
      if (hard) {
        let top = valid & (w[i * params.interestQuads + q] >= vec4f(largest));
        valid = top & !vec4<bool>(found, found || top.x, found || top.x || top.y, found || top.x || top.y || top.z);
        found = found || any(top);
      }
      let p = select(vec4f(), exp(w[i * params.interestQuads + q] - largest), valid);
      w[i * params.interestQuads + q] = p;
      total += dot(p, vec4f(1.0));
    }
    for (var q = 0u; q < params.interestQuads; q++) {
      w[i * params.interestQuads + q] /= max(total, 1e-30);
    }
  }
}

fn keepPart(slot: u32, columnQuads: u32, value: mat4x4f) {
  let size = params.interestQuads * columnQuads;
  let base = slot / size * 4u * size + slot % size / columnQuads * 4u * columnQuads + slot % columnQuads;
  for (var r = 0u; r < 4u; r++) {
    partial[base + r * columnQuads] = value[r];
  }
}

fn addScaled(m: mat4x4f, factors: vec4f, row: vec4f) -> mat4x4f {
  return mat4x4f(m[0] + factors.x * row, m[1] + factors.y * row, m[2] + factors.z * row, m[3] + factors.w * row);
}

/// Parts of a = w^T e.
fn gatherSums(lane: u32, n: u32) {
  let size = params.interestQuads * params.dQuads;
  for (var slot = lane; slot < params.parts * size; slot += workgroupSize) {
    let c = slot % params.dQuads;
    let q = slot % size / params.dQuads;
    var sum = mat4x4f();
    for (var i = slot / size; i < n; i += params.parts) {
      sum = addScaled(sum, w[i * params.interestQuads + q], rows[i * (params.dQuads + 1u) + c]);
    }
    keepPart(slot, params.dQuads, sum);
  }
}

/// Parts of a M, or of a S in the last iteration.
fn multiply(lane: u32, last: bool, columnQuads: u32) {
  let size = params.interestQuads * columnQuads;
  for (var slot = lane; slot < params.parts * size; slot += workgroupSize) {
    let c = slot % columnQuads;
    let base = slot % size / columnQuads * 4u * params.dQuads;
    var sum = mat4x4f();
    for (var k = slot / size; k < params.dQuads; k += params.parts) {
      let left = transpose(mat4x4f(
        a[base + k], a[base + params.dQuads + k], a[base + 2u * params.dQuads + k], a[base + 3u * params.dQuads + k]));
      for (var r = 0u; r < 4u; r++) {
        // The columns of a beyond d are zero, so any finite row may stand in.
        let place = min(4u * k + r, params.d - 1u) * columnQuads + c;
        if (last) {
          sum = addScaled(sum, left[r], transform[place]);
        } else {
          sum = addScaled(sum, left[r], gram[place]);
        }
      }
    }
    keepPart(slot, columnQuads, sum);
  }
}

/// a = the capsules to start from.
fn takeCapsules(user: u32, lane: u32) {
  let size = params.interests * params.dQuads;
  for (var index = lane; index < 4u * params.interestQuads * params.dQuads; index += workgroupSize) {
    a[index] = select(vec4f(), start[user * size + min(index, size - 1u)], index < size);
  }
}

fn total(index: u32, size: u32) -> vec4f {
  var sum = vec4f();
  for (var part = 0u; part < params.parts; part++) {
    sum += partial[part * size + index];
  }
  return sum;
}

/// What a S counts in u for interest j, or a M in the agreement, from what the quads of its row add to |z|^2.
fn scaleOf(j: u32, columnQuads: u32, last: bool, isStart: bool) -> f32 {
  var norm2 = 0.0;
  for (var c = 0u; c < columnQuads; c++) {
    norm2 += agreement[j * columnQuads + c];
  }
  norm2 = max(norm2, 0.0);
  let inverseLength = select(0.0, inverseSqrt(max(norm2, 1e-30)), norm2 > 1e-30);
  if (cosine && !last) {
    return similarityScale * inverseLength;
  }
  if (isStart) {
    return 1.0;
  }
  if (squashPower == 1.0) {
    return norm2 / (1.0 + norm2) * inverseSqrt(norm2 + 1e-9);
  }
  return inverseLength * pow(norm2 / (1.0 + norm2), squashPower);
}

@compute @workgroup_size(workgroupSize)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let user = group.x + group.y * groups.x;
  if (user >= params.batch) {
    return;
  }
  let n = min(lengths[user], params.length);
  let count = min(counts[user], params.interests);
  let stateSize = 4u * params.interestQuads * params.dQuads;
  for (var index = lane; index < stateSize; index += workgroupSize) {
    state[index] = vec4f();
  }
  stage(user, lane, n);
  workgroupBarrier();
  let rounds = params.iterations + u32(fromCapsules);
  for (var round = 0u; round < rounds; round++) {
    let last = round + 1u == rounds;
    let isStart = fromCapsules && round == 0u;
    let columnQuads = select(params.dQuads, params.hQuads, last);
    if (isStart) {
      takeCapsules(user, lane);
    } else {
      weigh(user, lane, n, count, round);
      workgroupBarrier();
      gatherSums(lane, n);
      workgroupBarrier();
      for (var index = lane; index < stateSize; index += workgroupSize) {
        a[index] = total(index, stateSize);
      }
    }
    workgroupBarrier();
    if (!identity) {
      multiply(lane, last, columnQuads);
      workgroupBarrier();
    }
    let mappedSize = 4u * params.interestQuads * columnQuads;
    for (var index = lane; index < mappedSize; index += workgroupSize) {
      var value = a[min(index, stateSize - 1u)];
      if (!identity) {
        value = total(index, mappedSize);
      }
      mapped[index] = value;
      agreement[index] = dot(value, select(a[min(index, stateSize - 1u)], value, last));
    }
    workgroupBarrier();
    for (var index = lane; index < stateSize && !last; index += workgroupSize) {
      let step = scaleOf(index / params.dQuads, params.dQuads, false, isStart) * mapped[index];
      state[index] = select(step, state[index] + step, accumulate);
    }
    workgroupBarrier();
  }
  let first = user * params.interests;
  for (var index = lane; index < params.interests * params.hQuads; index += workgroupSize) {
    u[first * params.hQuads + index] = scaleOf(index / params.hQuads, params.hQuads, true, false) * mapped[index];
    if (save) {
      z[first * params.hQuads + index] = mapped[index];
    }
  }
  if (save) {
    for (var index = lane; index < params.interests * params.dQuads; index += workgroupSize) {
      sums[first * params.dQuads + index] = a[index];
    }
    for (var index = lane; index < params.length * params.interestQuads; index += workgroupSize) {
      let base = user * params.length * params.interestQuads;
      weights[base + index] = select(vec4f(), w[min(index, weightQuads - 1u)], index < n * params.interestQuads);
    }
  }
}
