// Adam, lazy, for a gradient given by rows: sums what the occurrences of a row received, in their order, then updates that row
// and its moments as adam.wgsl does. Rows that do not occur, and row 0, do not move.
// Part p holds one row for `fan` consecutive occurrences; occurrences are numbered through the parts.
// One invocation owns every `lanes`-th vec4 of one row that occurs, from its own place on. Row padding is zero and stays zero.
// A table of more than one binding is updated window by window, its moments alike.
// A table of halves, four to a vec2u, is updated in float32 and rounded at random, up or down in proportion to nearness: rounded
// to the nearest, it would lose every step smaller than half of its last bit. The random bits are a hash of row, quad and step.
//   rows0..3                              [.., d]         read; the parts, any buffer for an absent one
//   order                                 [N]             read; occurrences, row by row
//   touched                               [N]             read; the rows that occur, 0 behind the last
//   starts                                [N + 1]         read; where each one's occurrences begin in `order`
//   schedule                              [3]             read; rate / (1 - beta1^t), 1 / (1 - beta2^t) and t
//   parameter, firstMoment, secondMoment  [count, d]      read and write; rows `first` and following of [tableRows, d]

override lanes: u32 = 1u; // invocations per row
override fan0: u32 = 1u; // occurrences per row of part 0
override fan1: u32 = 1u;
override fan2: u32 = 1u;
override fan3: u32 = 1u;
override half: bool = false;

struct Params {
  capacity: u32, // most rows that can occur
  quads: u32, // vec4 per row
  sides: u32, // 2
  first: u32, // first row of the table's window
  count: u32, // rows of the window
  beta1: f32,
  rest1: f32, // 1 - beta1, rounded once
  beta2: f32,
  rest2: f32, // 1 - beta2
  epsilon: f32,
  weightDecay: f32,
  end0: u32, // first occurrence behind part 0
  end1: u32,
  end2: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> rows0: array<vec4f>;
@group(0) @binding(2) var<storage, read> rows1: array<vec4f>;
@group(0) @binding(3) var<storage, read> rows2: array<vec4f>;
@group(0) @binding(4) var<storage, read> rows3: array<vec4f>;
@group(0) @binding(5) var<storage, read> order: array<u32>;
@group(0) @binding(6) var<storage, read> touched: array<u32>;
@group(0) @binding(7) var<storage, read> starts: array<u32>;
@group(0) @binding(8) var<storage, read> schedule: array<vec2f>;
@group(0) @binding(9) var<storage, read_write> parameter: array<vec2u>; // one to a quad of halves, two to one of float32
@group(0) @binding(10) var<storage, read_write> firstMoment: array<vec4f>;
@group(0) @binding(11) var<storage, read_write> secondMoment: array<vec4f>;

/// pcg4d: four random words for a counter.
fn randomWords(counter: vec4u) -> vec4u {
  var v = counter * 1664525u + 1013904223u;
  v.x += v.y * v.w;
  v.y += v.z * v.x;
  v.z += v.x * v.y;
  v.w += v.y * v.z;
  v ^= v >> vec4u(16u);
  v.x += v.y * v.w;
  v.y += v.z * v.x;
  v.z += v.x * v.y;
  v.w += v.y * v.z;
  return v;
}

/// The halves around the numbers, of each pair one at random; 65504 for all beyond it. In integers, since packing rounds differently
/// from adapter to adapter.
fn roundedHalves(numbers: vec4f, random: vec4u) -> vec2u {
  let bits = bitcast<vec4u>(numbers);
  let magnitude = bits & vec4u(0x7fffffffu);
  let normal = (min(magnitude, vec4u(0x477fe000u)) - 0x38000000u + (random >> vec4u(19u))) >> vec4u(13u);
  // Below 2^-14 halves are multiples of 2^-24; 21 bits of the rest are kept to round by.
  let small = (vec4u(bitcast<vec4f>(magnitude) * 0x1p45f) + (random >> vec4u(11u))) >> vec4u(21u);
  let finite = select(normal, small, magnitude < vec4u(0x38800000u));
  let halves = ((bits >> vec4u(16u)) & vec4u(0x8000u)) | select(finite, vec4u(0x7e00u), magnitude > vec4u(0x7f800000u));
  return vec2u(halves.x | (halves.y << 16u), halves.z | (halves.w << 16u));
}

fn load(at: u32) -> vec4f {
  if (half) {
    let halves = parameter[at];
    return vec4f(unpack2x16float(halves.x), unpack2x16float(halves.y));
  }
  return bitcast<vec4f>(vec4u(parameter[2u * at], parameter[2u * at + 1u]));
}

fn store(row: u32, quad: u32, at: u32, numbers: vec4f) {
  if (half) {
    parameter[at] = roundedHalves(numbers, randomWords(vec4u(row, quad, u32(schedule[1].x), 0u)));
  } else {
    let bits = bitcast<vec4u>(numbers);
    parameter[2u * at] = bits.xy;
    parameter[2u * at + 1u] = bits.zw;
  }
}

fn advance(row: u32, quad: u32, sum: vec4f) {
  let at = (row - params.first) * params.quads + quad;
  let now = schedule[0];
  let before = load(at);
  let g = sum + params.weightDecay * before;
  let m = params.beta1 * firstMoment[at] + params.rest1 * g;
  let v = params.beta2 * secondMoment[at] + params.rest2 * g * g;
  firstMoment[at] = m;
  secondMoment[at] = v;
  store(row, quad, at, before - now.x * m / (sqrt(v * now.y) + params.epsilon));
}

/// Two quads of a row.
struct Pair { near: vec4f, far: vec4f }

/// What the occurrences order[begin..end) of a row, which are in the order of the parts, received in two of its quads.
fn sumOf(begin: u32, end: u32, near: u32, far: u32) -> Pair {
  var sum = Pair();
  var k = begin;
  var o = order[k];
  let length0 = end - k;
  for (var n = 0u; n < length0; n++) {
    if (o >= params.end0) {
      break;
    }
    let at = o / fan0 * params.quads;
    sum = Pair(sum.near + rows0[at + near], sum.far + rows0[at + far]);
    k++;
    o = order[min(k, end - 1u)];
  }
  let length1 = end - k;
  for (var n = 0u; n < length1; n++) {
    if (o >= params.end1) {
      break;
    }
    let at = (o - params.end0) / fan1 * params.quads;
    sum = Pair(sum.near + rows1[at + near], sum.far + rows1[at + far]);
    k++;
    o = order[min(k, end - 1u)];
  }
  let length2 = end - k;
  for (var n = 0u; n < length2; n++) {
    if (o >= params.end2) {
      break;
    }
    let at = (o - params.end1) / fan2 * params.quads;
    sum = Pair(sum.near + rows2[at + near], sum.far + rows2[at + far]);
    k++;
    o = order[min(k, end - 1u)];
  }
  let length3 = end - k;
  for (var n = 0u; n < length3; n++) {
    let at = (order[k + n] - params.end2) / fan3 * params.quads;
    sum = Pair(sum.near + rows3[at + near], sum.far + rows3[at + far]);
  }
  return sum;
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.x + id.z * groups.x * 64u;
  let lane = i % lanes;
  // Ids are dense by frequency, so the first rows have most occurrences: deal them out over the threads of a CPU.
  let r = i / lanes * 16u + id.y;
  if (r >= params.capacity) {
    return;
  }
  let row = touched[r];
  // Also true for rows before the window, whose difference wraps around.
  if (row == 0u || row - params.first >= params.count) {
    return;
  }
  let begin = starts[r];
  let end = starts[r + 1u];
  for (var c = lane; c < params.quads; c += 2u * lanes) {
    let far = c + lanes;
    let sum = sumOf(begin, end, c, min(far, params.quads - 1u));
    // A loop whose bound comes from params, because two copies of advance take long to compile.
    for (var side = 0u; side < params.sides; side++) {
      let quad = select(c, far, side == 1u);
      if (quad < params.quads) {
        advance(row, quad, select(sum.near, sum.far, side == 1u));
      }
    }
  }
}
