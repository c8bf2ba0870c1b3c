// Ranks, one chunk of the catalogue after the other: how many items of one slice of the chunk come before a target, by score
// descending, id ascending, excluded items not counted. Scores are compared as integers in the order of the floats, below which
// NaN comes last. One invocation owns one slice of one target, and leaves its count alone where there is none. Row 0 of the
// catalogue, the padding, is not counted.
//   scores    [users, columns]          read; of the items of this chunk
//   targets   [users, targets]          read; 0: no target
//   own       [users, targets]          read; the orders of the targets' scores
//   excluded  [users, slots]            read; items, ascending, 0 for none
//   counts    [users, targets, slices]  read and write

struct Params {
  users: u32,
  targets: u32,
  slices: u32,
  sliceQuads: u32, // vec4 per slice
  first: u32, // the first item of the chunk
  count: u32, // items of the chunk
  quads: u32, // vec4 per row of scores
  slots: u32,
  isFirst: u32, // 0 or 1, of the chunk
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> scores: array<vec4f>;
@group(0) @binding(2) var<storage, read> targets: array<u32>;
@group(0) @binding(3) var<storage, read> own: array<u32>;
@group(0) @binding(4) var<storage, read> excluded: array<u32>;
@group(0) @binding(5) var<storage, read_write> counts: array<u32>;

// Larger for larger floats; 0 for NaN; the same for both zeros.
fn orderOf(score: vec4f) -> vec4u {
  let raw = bitcast<vec4u>(score);
  let bits = select(raw, vec4u(), raw == vec4u(0x80000000u));
  let order = select(bits | vec4u(0x80000000u), ~bits, bits >= vec4u(0x80000000u));
  return select(order, vec4u(), (bits & vec4u(0x7fffffffu)) > vec4u(0x7f800000u));
}

// How many of a user's excluded items are below one.
fn excludedBelow(user: u32, item: u32) -> u32 {
  let begin = user * params.slots;
  var low = 0u;
  var size = params.slots;
  for (var step = 0u; step < 32u && size > 0u; step++) {
    let half = size / 2u;
    let isBelow = excluded[begin + low + half] < item;
    low += select(0u, half + 1u, isBelow);
    size = select(half, size - half - 1u, isBelow);
  }
  return low;
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let index = id.x + id.y * groups.x * 64u;
  let slot = index / params.slices;
  if (slot >= params.users * params.targets) {
    return;
  }
  let user = slot / params.targets;
  let row = user * params.quads;
  let goal = targets[slot];
  if (goal == 0u) {
    return;
  }
  let mine = own[slot];
  let first = index % params.slices * params.sliceQuads;
  let last = min(first + params.sliceQuads, (params.count + 3u) / 4u);
  let size = max(first, last) - first;
  var better = vec4u();
  for (var q = 0u; q < size; q++) {
    let column = vec4u((first + q) * 4u) + vec4u(0u, 1u, 2u, 3u);
    let item = column + params.first;
    let order = orderOf(scores[row + first + q]);
    let isItem = (item > vec4u(0u)) & (column < vec4u(params.count));
    better += vec4u(isItem & ((order > vec4u(mine)) | ((order == vec4u(mine)) & (item < vec4u(goal)))));
  }
  var before = better.x + better.y + better.z + better.w;
  let begin = max(1u, params.first + first * 4u);
  let end = min(params.first + (first + size) * 4u, params.first + params.count);
  let below = excludedBelow(user, begin);
  let entries = excludedBelow(user, max(begin, end)) - below;
  for (var i = 0u; i < entries; i++) {
    let at = user * params.slots + below + i;
    let item = excluded[at];
    if (i > 0u && excluded[at - 1u] == item) {
      continue;
    }
    let column = item - params.first;
    let order = orderOf(scores[row + column / 4u])[column % 4u];
    before -= u32(order > mine || (order == mine && item < goal));
  }
  counts[index] = before + select(counts[index], 0u, params.isFirst == 1u);
}
