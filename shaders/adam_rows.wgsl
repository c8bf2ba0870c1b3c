// Adam, lazy, for a gradient given by rows: sums what the occurrences of a row received, in their order, then updates that row
// and its moments as adam.wgsl does. Rows that do not occur, and row 0, do not move.
// Part p holds one row for `fan` consecutive occurrences; occurrences are numbered through the parts.
// One invocation owns up to four vec4 of one row that occurs. Row padding is zero everywhere and stays zero.
// A table of more than one binding is updated window by window, its moments alike.
//   rows0..3                              [.., d]         read; the parts, any buffer for an absent one
//   order                                 [N]             read; occurrences, row by row
//   touched                               [N]             read; the rows that occur, 0 behind the last
//   starts                                [N + 1]         read; where each one's occurrences begin in `order`
//   schedule                              [2]             read; rate / (1 - beta1^t) and 1 / (1 - beta2^t)
//   parameter, firstMoment, secondMoment  [count, d]      read and write; rows `first` and following of [tableRows, d]

struct Params {
  capacity: u32, // most rows that can occur
  stride: u32, // a 16th of them, rounded up
  quads: u32, // vec4 per row
  lanes: u32, // invocations per row, each with up to four vec4
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
  fan0: u32, // occurrences per row of part 0
  fan1: u32,
  fan2: u32,
  fan3: u32,
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
@group(0) @binding(9) var<storage, read_write> parameter: array<vec4f>;
@group(0) @binding(10) var<storage, read_write> firstMoment: array<vec4f>;
@group(0) @binding(11) var<storage, read_write> secondMoment: array<vec4f>;

fn advance(at: u32, sum: vec4f) {
  let now = schedule[0];
  let before = parameter[at];
  let g = sum + params.weightDecay * before;
  let m = params.beta1 * firstMoment[at] + params.rest1 * g;
  let v = params.beta2 * secondMoment[at] + params.rest2 * g * g;
  firstMoment[at] = m;
  secondMoment[at] = v;
  parameter[at] = before - now.x * m / (sqrt(v * now.y) + params.epsilon);
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.x + id.y * groups.x * 64u;
  let turn = i / params.lanes;
  let lane = i - turn * params.lanes;
  // Ids are dense by frequency, so the first rows have most occurrences: deal them out over the threads of a CPU.
  let sixteenth = turn / params.stride;
  let r = (turn - sixteenth * params.stride) * 16u + sixteenth;
  if (sixteenth >= 16u || r >= params.capacity) {
    return;
  }
  let row = touched[r];
  // Also true for rows before the window, whose difference wraps around.
  if (row == 0u || row - params.first >= params.count) {
    return;
  }
  let end = starts[r + 1u];
  // Past the end of the row the last vec4 is summed again, and not written.
  let quad = min(vec4u(lane) + vec4u(0u, 1u, 2u, 3u) * params.lanes, vec4u(params.quads - 1u));
  var k = starts[r];
  var o = order[k];
  var g0 = vec4f();
  var g1 = vec4f();
  var g2 = vec4f();
  var g3 = vec4f();
  let length0 = end - k;
  for (var n = 0u; n < length0; n++) {
    if (o >= params.end0) {
      break;
    }
    let at = o / params.fan0 * params.quads + quad;
    g0 += rows0[at.x];
    g1 += rows0[at.y];
    g2 += rows0[at.z];
    g3 += rows0[at.w];
    k++;
    o = order[min(k, end - 1u)];
  }
  let length1 = end - k;
  for (var n = 0u; n < length1; n++) {
    if (o >= params.end1) {
      break;
    }
    let at = (o - params.end0) / params.fan1 * params.quads + quad;
    g0 += rows1[at.x];
    g1 += rows1[at.y];
    g2 += rows1[at.z];
    g3 += rows1[at.w];
    k++;
    o = order[min(k, end - 1u)];
  }
  let length2 = end - k;
  for (var n = 0u; n < length2; n++) {
    if (o >= params.end2) {
      break;
    }
    let at = (o - params.end1) / params.fan2 * params.quads + quad;
    g0 += rows2[at.x];
    g1 += rows2[at.y];
    g2 += rows2[at.z];
    g3 += rows2[at.w];
    k++;
    o = order[min(k, end - 1u)];
  }
  let length3 = end - k;
  for (var n = 0u; n < length3; n++) {
    let at = (o - params.end2) / params.fan3 * params.quads + quad;
    g0 += rows3[at.x];
    g1 += rows3[at.y];
    g2 += rows3[at.z];
    g3 += rows3[at.w];
    k++;
    o = order[min(k, end - 1u)];
  }
  let at = (row - params.first) * params.quads + quad;
  advance(at.x, g0);
  if (lane + params.lanes < params.quads) {
    advance(at.y, g1);
  }
  if (lane + 2u * params.lanes < params.quads) {
    advance(at.z, g2);
  }
  if (lane + 3u * params.lanes < params.quads) {
    advance(at.w, g3);
  }
}
