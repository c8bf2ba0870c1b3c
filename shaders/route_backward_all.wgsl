// Routing backward through every iteration t, walking back from the last (math: route.ts of the reference):
//   dw_ij = da_j . e_i;  db = softmax backward of dw;  de_i += sum_j w_ij da_j + db_ij state_j
//   dstate_j = sum_i db_ij e_i (added up, unless logits are overwritten), which is dg_j of iteration t - 1, and through
//   g = scale a M:  across_j = scale_j dg_j + slope_j a_j (so that dM = a^T across);  da_j = scale_j dg_j M + 2 slope_j a_j M.
// One workgroup owns one user, phase by phase. Padded behaviours and inactive interests have weight 0 and get 0.
// For cosine the agreement counts y_i = 1 / |e_i S|:  dy_i += sum_j db_ij state_j . e_i, and db_ij counts y_i from there on.
//   e         [batch, length, d]   read    trace   [batch, iterations, 3 interests, d]   read: a, a M, state
//   gram      [d, d]               read    daLast  [batch, interests, d]                 read
//   lengths, counts  [batch]       read    de      [batch, length, d]                    write
//   logits    [length, interests]  read    across  [batch, iterations, 3 interests, d]   write; 0 but beside the a before the last
//   dw        [batch, length, interests]  read: what else the last iteration's weights get, where `ofWeights`
//   norms     [batch, length, 1]   read    dnorms  [batch, length, 1]                    write, for cosine

override workgroupSize: u32 = 32u;
override stateQuads: u32 = 64u;  // 4 interestQuads dQuads
override weightQuads: u32 = 64u; // length interestQuads
override overInterests: bool = true;
override accumulate: bool = true;
override cosine: bool = false;
override similarityScale: f32 = 1.0;
override squashPower: f32 = 1.0; // 0 is L2 normalisation
override ofWeights: bool = false;

struct Params { batch: u32, length: u32, d: u32, dQuads: u32, interests: u32, interestQuads: u32, iterations: u32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> e: array<vec4f>;
@group(0) @binding(2) var<storage, read> gram: array<vec4f>;
@group(0) @binding(3) var<storage, read> lengths: array<u32>;
@group(0) @binding(4) var<storage, read> counts: array<u32>;
@group(0) @binding(5) var<storage, read> logits: array<vec4f>;
@group(0) @binding(6) var<storage, read> norms: array<vec4f>;
@group(0) @binding(7) var<storage, read> trace: array<vec4f>;
@group(0) @binding(8) var<storage, read> daLast: array<vec4f>;
@group(0) @binding(9) var<storage, read> dw: array<vec4f>;
@group(0) @binding(10) var<storage, read_write> de: array<vec4f>;
@group(0) @binding(11) var<storage, read_write> across: array<vec4f>;
@group(0) @binding(12) var<storage, read_write> dnorms: array<vec4f>;

var<workgroup> state: array<vec4f, stateQuads>;
var<workgroup> da: array<vec4f, stateQuads>;
var<workgroup> dstate: array<vec4f, stateQuads>;
var<workgroup> w: array<vec4f, weightQuads>;
var<workgroup> db: array<vec4f, weightQuads>;
var<workgroup> scale: array<f32, 64>;
var<workgroup> slope: array<f32, 64>;

fn isActive(quad: u32, count: u32) -> vec4<bool> {
  return vec4u(0u, 1u, 2u, 3u) + 4u * quad < vec4u(count);
}

fn dots(row: u32, q: u32, ofState: bool) -> vec4f {
  var sum = vec4f();
  for (var c = 0u; c < params.dQuads; c++) {
    let at = 4u * q * params.dQuads + c;
    let value = e[row + c];
    let stride = params.dQuads;
    if (ofState) {
      sum += vec4f(dot(state[at], value), dot(state[at + stride], value), dot(state[at + 2u * stride], value), dot(state[at + 3u * stride], value));
    } else {
      sum += vec4f(dot(da[at], value), dot(da[at + stride], value), dot(da[at + 2u * stride], value), dot(da[at + 3u * stride], value));
    }
  }
  return sum;
}

/// w = b and db = dw for the behaviours of this invocation; both go through the softmax where the interests compete.
fn weigh(user: u32, lane: u32, n: u32, count: u32, t: u32) {
  for (var i = lane; i < n; i += workgroupSize) {
    let row = (user * params.length + i) * params.dQuads;
    let first = i * params.interestQuads;
    var largest = -3.4e38;
    for (var q = 0u; q < params.interestQuads; q++) {
      var b = vec4f();
      if (t > 0u) {
        b = dots(row, q, true);
      }
      if (cosine) {
        b *= norms[user * params.length + i].x;
      }
      if (accumulate || t == 0u) {
        b += logits[first + q];
      }
      w[first + q] = b;
      var change = dots(row, q, false);
      if (ofWeights && t + 1u == params.iterations) {
        change += dw[user * params.length * params.interestQuads + first + q];
      }
      db[first + q] = select(vec4f(), change, isActive(q, count));
      let valid = select(vec4f(-3.4e38), b, isActive(q, count));
      largest = max(largest, max(max(valid.x, valid.y), max(valid.z, valid.w)));
    }
    if (overInterests) {
      var total = 0.0;
      var mean = 0.0;
      for (var q = 0u; q < params.interestQuads; q++) {
        let p = select(vec4f(), exp(w[first + q] - largest), isActive(q, count));
        w[first + q] = p;
        total += dot(p, vec4f(1.0));
        mean += dot(p, db[first + q]);
      }
      let inverse = 1.0 / max(total, 1e-30);
      for (var q = 0u; q < params.interestQuads; q++) {
        w[first + q] *= inverse;
        db[first + q] = w[first + q] * (db[first + q] - mean * inverse);
      }
    }
  }
}

/// Softmax over the behaviours and its backward, for four interests of this invocation at a time.
fn competeOverBehaviours(lane: u32, n: u32, count: u32) {
  for (var q = lane; q < params.interestQuads; q += workgroupSize) {
    var largest = vec4f(-3.4e38);
    var total = vec4f();
    var mean = vec4f();
    for (var i = 0u; i < n; i++) {
      largest = max(largest, w[i * params.interestQuads + q]);
    }
    for (var i = 0u; i < n; i++) {
      let p = exp(w[i * params.interestQuads + q] - largest);
      total += p;
      mean += p * db[i * params.interestQuads + q];
    }
    for (var i = 0u; i < n; i++) {
      let at = i * params.interestQuads + q;
      w[at] = select(vec4f(), exp(w[at] - largest) / total, isActive(q, count));
      db[at] = w[at] * (db[at] - mean / total);
    }
  }
}

/// dy of the behaviours of this invocation, and from db, which is that of y agreement, to that of the agreement.
fn turnNorms(user: u32, lane: u32, n: u32, t: u32, back: u32) {
  for (var i = lane; i < params.length; i += workgroupSize) {
    let place = user * params.length + i;
    var sum = vec4f();
    if (back > 0u) {
      sum.x = dnorms[place].x;
    }
    for (var q = 0u; q < params.interestQuads && i < n; q++) {
      let at = i * params.interestQuads + q;
      if (t > 0u) {
        sum.x += dot(db[at], dots(place * params.dQuads, q, true));
      }
      db[at] *= norms[place].x;
    }
    dnorms[place] = sum;
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
  let size = params.interests * params.dQuads;
  for (var index = lane; index < stateQuads; index += workgroupSize) {
    dstate[index] = vec4f();
    state[index] = vec4f();
    da[index] = vec4f();
  }
  workgroupBarrier();
  for (var index = lane; index < size; index += workgroupSize) {
    da[index] = daLast[user * size + index];
  }
  for (var back = 0u; back < params.iterations; back++) {
    let t = params.iterations - 1u - back;
    let slot = user * params.iterations + t;
    for (var index = lane; index < size; index += workgroupSize) {
      state[index] = trace[(slot * 3u + 2u) * size + index];
    }
    workgroupBarrier();
    weigh(user, lane, n, count, t);
    workgroupBarrier();
    if (!overInterests) {
      competeOverBehaviours(lane, n, count);
      workgroupBarrier();
    }
    if (cosine) {
      turnNorms(user, lane, n, t, back);
      workgroupBarrier();
    }
    spread(user, lane, n, t, back);
    if (t > 0u) {
      gatherState(user, lane, n);
    }
    workgroupBarrier();
    if (t > 0u) {
      measure(lane, slot - 1u);
    }
    workgroupBarrier();
    if (t > 0u) {
      agree(lane, slot - 1u);
    }
    workgroupBarrier();
  }
  for (var index = lane; index < params.iterations * 3u * size; index += workgroupSize) {
    if (index / size % 3u != 0u || index / size == (params.iterations - 1u) * 3u) {
      across[user * params.iterations * 3u * size + index] = vec4f();
    }
  }
}

/// de_i += sum_j w_ij da_j + db_ij state_j, four columns for each invocation; the first round writes all rows.
fn spread(user: u32, lane: u32, n: u32, t: u32, back: u32) {
  for (var index = lane; index < params.length * params.dQuads; index += workgroupSize) {
    let i = index / params.dQuads;
    let c = index % params.dQuads;
    var sum = vec4f();
    if (back > 0u) {
      sum = de[user * params.length * params.dQuads + index];
    }
    for (var j = 0u; j < 4u * params.interestQuads && i < n; j++) {
      sum += w[i * params.interestQuads + j / 4u][j % 4u] * da[j * params.dQuads + c];
      if (t > 0u) {
        sum += db[i * params.interestQuads + j / 4u][j % 4u] * state[j * params.dQuads + c];
      }
    }
    de[user * params.length * params.dQuads + index] = sum;
  }
}

/// dstate = db^T e, or more of it.
fn gatherState(user: u32, lane: u32, n: u32) {
  for (var index = lane; index < params.interests * params.dQuads; index += workgroupSize) {
    let j = index / params.dQuads;
    var sum = select(vec4f(), dstate[index], accumulate);
    for (var i = 0u; i < n; i++) {
      sum += db[i * params.interestQuads + j / 4u][j % 4u] * e[(user * params.length + i) * params.dQuads + index % params.dQuads];
    }
    dstate[index] = sum;
  }
}

/// What a M counts in the agreement, and that factor's derivative by |a S|^2, the latter times dg . a M, for every interest.
fn measure(lane: u32, slot: u32) {
  for (var j = lane; j < params.interests; j += workgroupSize) {
    var norm2 = 0.0;
    var along = 0.0;
    for (var c = 0u; c < params.dQuads; c++) {
      let mapped = trace[((slot * 3u + 1u) * params.interests + j) * params.dQuads + c];
      norm2 += dot(trace[(slot * 3u * params.interests + j) * params.dQuads + c], mapped);
      along += dot(dstate[j * params.dQuads + c], mapped);
    }
    norm2 = max(norm2, 0.0);
    let inverse = select(0.0, inverseSqrt(max(norm2, 1e-30)), norm2 > 1e-30);
    if (cosine) {
      scale[j] = similarityScale * inverse;
      slope[j] = -0.5 * similarityScale * inverse * inverse * inverse * along;
    } else if (squashPower == 1.0) {
      let derivative = (1.0 - norm2) / (2.0 * (1.0 + norm2) * (1.0 + norm2)) * inverseSqrt(norm2);
      scale[j] = norm2 / (1.0 + norm2) * inverseSqrt(norm2 + 1e-9);
      slope[j] = select(0.0, derivative * along, norm2 > 0.0);
    } else {
      scale[j] = inverse * pow(norm2 / (1.0 + norm2), squashPower);
      slope[j] = scale[j] * (squashPower / (1.0 + norm2) - 0.5) / max(norm2, 1e-30) * along;
    }
  }
}

/// across and the next da, four columns for each invocation.
fn agree(lane: u32, slot: u32) {
  let size = params.interests * params.dQuads;
  for (var index = lane; index < size; index += workgroupSize) {
    let j = index / params.dQuads;
    let c = index % params.dQuads;
    var through = vec4f();
    for (var k = 0u; k < params.d; k++) {
      through += dstate[j * params.dQuads + k / 4u][k % 4u] * gram[k * params.dQuads + c];
    }
    let a = trace[slot * 3u * size + index];
    let mapped = trace[(slot * 3u + 1u) * size + index];
    across[slot * 3u * size + index] = scale[j] * dstate[index] + slope[j] * a;
    da[index] = scale[j] * through + 2.0 * slope[j] * mapped;
  }
}
