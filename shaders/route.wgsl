// Behaviour-to-interest dynamic routing (MIND, algorithm 1), reassociated so that no [batch, length, h] tensor exists:
//   a_j = sum_i w_ij e_i;  w = softmax of b over interests j (or over behaviours i);  b_ij = b0_ij + state_j . e_i
//   z_j = a_j S, |z_j|^2 = a_j M a_j, and the agreement adds g_j = scale_j a_j M to state_j, for M = S S^T.
// For cosine, scale_j is similarityScale / |z_j| and state_j . e_i counts 1 / |e_i S|. Hard: a behaviour keeps its largest logit.
// One workgroup owns one user; invocations share its behaviours, then its (interest, column) pairs, phase by phase.
// Interests go in fours: quad q holds 4q to 4q + 3. Padded behaviours and inactive interests have weight 0 and stay 0.
//   e          [batch, length, d]     read     u        [batch, interests, h]       write  squash(z)
//   gram       [d, d]                 read     z        [batch, interests, h]       write, when save
//   transform  [d, h]                 read     weights  [batch, length, interests]  write, when save: the last w
//   lengths, counts  [batch]          read     sums     [batch, interests, d]       write, when save: the last a
//   start      [length, interests]    read     trace    [batch, iterations, 3 interests, d]  write, when saveAll: a, a M, state
//      the first logits, or when fromCapsules [batch, interests, d], behaviours that go before the first iteration as a
//   norms      [batch, length, 1]     read, for cosine: 1 / |e_i S|

override workgroupSize: u32 = 32u;
override stateQuads: u32 = 64u;   // 4 interestQuads max(dQuads, hQuads)
override weightQuads: u32 = 64u;  // length interestQuads
override overInterests: bool = true;
override accumulate: bool = true;
override save: bool = false;
override saveAll: bool = false;
override cosine: bool = false;
override similarityScale: f32 = 1.0;
override squashPower: f32 = 1.0; // 0 is L2 normalisation
override hard: bool = false;
override fromCapsules: bool = false;
override identity: bool = false; // there is no S

struct Params { batch: u32, length: u32, d: u32, dQuads: u32, hQuads: u32, interests: u32, interestQuads: u32, iterations: u32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> e: array<vec4f>;
@group(0) @binding(2) var<storage, read> gram: array<vec4f>;
@group(0) @binding(3) var<storage, read> transform: array<vec4f>;
@group(0) @binding(4) var<storage, read> lengths: array<u32>;
@group(0) @binding(5) var<storage, read> counts: array<u32>;
@group(0) @binding(6) var<storage, read> start: array<vec4f>;
@group(0) @binding(7) var<storage, read> norms: array<vec4f>;
@group(0) @binding(8) var<storage, read_write> u: array<vec4f>;
@group(0) @binding(9) var<storage, read_write> z: array<vec4f>;
@group(0) @binding(10) var<storage, read_write> weights: array<vec4f>;
@group(0) @binding(11) var<storage, read_write> sums: array<vec4f>;
@group(0) @binding(12) var<storage, read_write> trace: array<vec4f>;

var<workgroup> state: array<vec4f, stateQuads>;
var<workgroup> a: array<vec4f, stateQuads>;
var<workgroup> mapped: array<vec4f, stateQuads>; // a M, and in the last iteration a S
var<workgroup> w: array<vec4f, weightQuads>;
var<workgroup> scale: array<f32, 64>;

fn isActive(quad: u32, count: u32) -> vec4<bool> {
  return vec4u(0u, 1u, 2u, 3u) + 4u * quad < vec4u(count);
}

/// w = b for the behaviours of this invocation, and their softmax where the interests compete.
fn weigh(user: u32, lane: u32, n: u32, count: u32, round: u32) {
  for (var i = lane; i < n; i += workgroupSize) {
    var largest = -3.4e38;
    for (var q = 0u; q < params.interestQuads; q++) {
      let b = logitsOf(user * params.length + i, i, q, round);
      w[i * params.interestQuads + q] = b;
      let valid = select(vec4f(-3.4e38), b, isActive(q, count));
      largest = max(largest, max(max(valid.x, valid.y), max(valid.z, valid.w)));
    }
    if (hard) {
      keepLargest(i * params.interestQuads, count, largest);
    }
    if (overInterests) {
      var total = 0.0;
      for (var q = 0u; q < params.interestQuads; q++) {
        let p = select(vec4f(), exp(w[i * params.interestQuads + q] - largest), isActive(q, count));
        w[i * params.interestQuads + q] = p;
        total += dot(p, vec4f(1.0));
      }
      for (var q = 0u; q < params.interestQuads; q++) {
        w[i * params.interestQuads + q] /= max(total, 1e-30);
      }
    }
  }
}

/// Leaves a behaviour the largest of its logits, the first of equals.
fn keepLargest(first: u32, count: u32, largest: f32) {
  var found = false;
  for (var q = 0u; q < params.interestQuads; q++) {
    let top = isActive(q, count) & (w[first + q] >= vec4f(largest));
    let earlier = vec4<bool>(found, found || top.x, found || top.x || top.y, found || top.x || top.y || top.z);
    w[first + q] = select(vec4f(-3.4e38), w[first + q], top & !earlier);
    found = found || any(top);
  }
}

/// The logits of four interests for behaviour i, which is row `place` of e.
fn logitsOf(place: u32, i: u32, q: u32, round: u32) -> vec4f {
  var agreement = vec4f();
  for (var c = 0u; c < params.dQuads && round > 0u; c++) {
    let base = 4u * q * params.dQuads + c;
    let value = e[place * params.dQuads + c];
    agreement += vec4f(
      dot(state[base], value), dot(state[base + params.dQuads], value),
      dot(state[base + 2u * params.dQuads], value), dot(state[base + 3u * params.dQuads], value));
  }
  if (cosine) {
    agreement *= norms[place].x;
  }
  if (!fromCapsules && (accumulate || round == 0u)) {
    agreement += start[i * params.interestQuads + q];
  }
  return agreement;
}

/// Softmax over the behaviours, for four interests of this invocation at a time.
fn competeOverBehaviours(lane: u32, n: u32, count: u32) {
  for (var q = lane; q < params.interestQuads; q += workgroupSize) {
    var largest = vec4f(-3.4e38);
    var total = vec4f();
    for (var i = 0u; i < n; i++) {
      largest = max(largest, w[i * params.interestQuads + q]);
    }
    for (var i = 0u; i < n; i++) {
      let b = w[i * params.interestQuads + q];
      total += select(vec4f(), exp(b - largest), b > vec4f(-3e38));
    }
    for (var i = 0u; i < n; i++) {
      let b = w[i * params.interestQuads + q];
      let p = exp(b - largest) / max(total, vec4f(1e-30));
      w[i * params.interestQuads + q] = select(vec4f(), p, isActive(q, count) & (b > vec4f(-3e38)));
    }
  }
}

/// a = w^T e, four interests and four columns for each invocation.
fn gatherSums(user: u32, lane: u32, n: u32) {
  for (var index = lane; index < params.interestQuads * params.dQuads; index += workgroupSize) {
    let c = index % params.dQuads;
    let q = index / params.dQuads;
    var sum0 = vec4f();
    var sum1 = vec4f();
    var sum2 = vec4f();
    var sum3 = vec4f();
    for (var i = 0u; i < n; i++) {
      let value = e[(user * params.length + i) * params.dQuads + c];
      let p = w[i * params.interestQuads + q];
      sum0 = fma(vec4f(p.x), value, sum0);
      sum1 = fma(vec4f(p.y), value, sum1);
      sum2 = fma(vec4f(p.z), value, sum2);
      sum3 = fma(vec4f(p.w), value, sum3);
    }
    a[4u * q * params.dQuads + c] = sum0;
    a[(4u * q + 1u) * params.dQuads + c] = sum1;
    a[(4u * q + 2u) * params.dQuads + c] = sum2;
    a[(4u * q + 3u) * params.dQuads + c] = sum3;
  }
}

@compute @workgroup_size(workgroupSize)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let user = group.x + group.y * groups.x;
  if (user >= params.batch) {
    return;
  }
  let n = min(lengths[user], params.length);
  let count = min(counts[user], params.interests);
  for (var index = lane; index < 4u * params.interestQuads * params.dQuads; index += workgroupSize) {
    state[index] = vec4f();
  }
  workgroupBarrier();
  let rounds = params.iterations + u32(fromCapsules);
  for (var round = 0u; round < rounds; round++) {
    let last = round + 1u == rounds;
    let isStart = fromCapsules && round == 0u;
    if (isStart) {
      takeCapsules(user, lane);
    } else {
      weigh(user, lane, n, count, round);
      workgroupBarrier();
      if (!overInterests) {
        competeOverBehaviours(lane, n, count);
        workgroupBarrier();
      }
      gatherSums(user, lane, n);
    }
    workgroupBarrier();
    let columnQuads = select(params.dQuads, params.hQuads, last);
    multiply(lane, last, columnQuads);
    workgroupBarrier();
    measure(lane, columnQuads, last, isStart);
    workgroupBarrier();
    if (saveAll) {
      keepIteration(user, lane, round, last);
    }
    if (save && last) {
      keepLast(user, lane, n);
    }
    if (!last) {
      for (var index = lane; index < 4u * params.interestQuads * params.dQuads; index += workgroupSize) {
        let step = scale[index / params.dQuads] * mapped[index];
        state[index] = select(step, state[index] + step, accumulate);
      }
      workgroupBarrier();
    }
  }
  for (var index = lane; index < params.interests * params.hQuads; index += workgroupSize) {
    u[user * params.interests * params.hQuads + index] = scale[index / params.hQuads] * mapped[index];
  }
}

/// a = the capsules to start from.
fn takeCapsules(user: u32, lane: u32) {
  let size = params.interests * params.dQuads;
  for (var index = lane; index < 4u * params.interestQuads * params.dQuads; index += workgroupSize) {
    a[index] = select(vec4f(), start[user * size + min(index, size - 1u)], index < size);
  }
}

/// mapped = a M, or a S in the last iteration, four interests and four columns for each invocation.
fn multiply(lane: u32, last: bool, columnQuads: u32) {
  for (var index = lane; identity && index < 4u * params.interestQuads * columnQuads; index += workgroupSize) {
    mapped[index] = a[index];
  }
  for (var index = lane; !identity && index < params.interestQuads * columnQuads; index += workgroupSize) {
    let c = index % columnQuads;
    let base = index / columnQuads * 4u;
    var sum0 = vec4f();
    var sum1 = vec4f();
    var sum2 = vec4f();
    var sum3 = vec4f();
    for (var k = 0u; k < params.dQuads; k++) {
      // The columns of a beyond d are zero, so any finite row may stand in there.
      let at = min(vec4u(0u, 1u, 2u, 3u) + k * 4u, vec4u(params.d - 1u)) * columnQuads + c;
      var rows: mat4x4f;
      if (last) {
        rows = mat4x4f(transform[at.x], transform[at.y], transform[at.z], transform[at.w]);
      } else {
        rows = mat4x4f(gram[at.x], gram[at.y], gram[at.z], gram[at.w]);
      }
      sum0 += rows * a[base * params.dQuads + k];
      sum1 += rows * a[(base + 1u) * params.dQuads + k];
      sum2 += rows * a[(base + 2u) * params.dQuads + k];
      sum3 += rows * a[(base + 3u) * params.dQuads + k];
    }
    mapped[base * columnQuads + c] = sum0;
    mapped[(base + 1u) * columnQuads + c] = sum1;
    mapped[(base + 2u) * columnQuads + c] = sum2;
    mapped[(base + 3u) * columnQuads + c] = sum3;
  }
}

/// What a capsule of squared length n^2 counts: (n^2 / (1 + n^2))^squashPower / n.
fn squashed(norm2: f32) -> f32 {
  if (squashPower == 1.0) {
    return norm2 / (1.0 + norm2) * inverseSqrt(norm2 + 1e-9);
  }
  return inverseLength(norm2) * pow(norm2 / (1.0 + norm2), squashPower);
}

fn inverseLength(norm2: f32) -> f32 {
  return select(0.0, inverseSqrt(max(norm2, 1e-30)), norm2 > 1e-30);
}

/// For every interest, what a S counts in u, or a M in the agreement.
fn measure(lane: u32, columnQuads: u32, last: bool, isStart: bool) {
  for (var j = lane; j < params.interests; j += workgroupSize) {
    var norm2 = 0.0;
    for (var c = 0u; c < columnQuads; c++) {
      let value = mapped[j * columnQuads + c];
      if (last) {
        norm2 += dot(value, value);
      } else {
        norm2 += dot(value, a[j * columnQuads + c]);
      }
    }
    norm2 = max(norm2, 0.0);
    if (cosine && !last) {
      scale[j] = similarityScale * inverseLength(norm2);
    } else {
      scale[j] = select(squashed(norm2), 1.0, isStart);
    }
  }
}

/// Writes what the gradient through every iteration needs of iteration t.
fn keepIteration(user: u32, lane: u32, t: u32, last: bool) {
  let size = params.interests * params.dQuads;
  let first = (user * params.iterations + t) * 3u * size;
  for (var index = lane; index < size; index += workgroupSize) {
    trace[first + index] = a[index];
    trace[first + size + index] = select(mapped[index], vec4f(), last);
    trace[first + 2u * size + index] = state[index];
  }
}

/// Writes what every backward pass needs: z, a and w of the last iteration.
fn keepLast(user: u32, lane: u32, n: u32) {
  for (var index = lane; index < params.interests * params.dQuads; index += workgroupSize) {
    sums[user * params.interests * params.dQuads + index] = a[index];
  }
  for (var index = lane; index < params.interests * params.hQuads; index += workgroupSize) {
    z[user * params.interests * params.hQuads + index] = mapped[index];
  }
  for (var index = lane; index < params.length * params.interestQuads; index += workgroupSize) {
    let valid = index < n * params.interestQuads;
    weights[user * params.length * params.interestQuads + index] = select(vec4f(), w[index], valid);
  }
}
