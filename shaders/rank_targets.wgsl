// Ranks, second step: how many items of one slice of the catalogue come before a target, by score descending, id ascending.
// Scores are compared as integers in the order of the floats, below which NaN comes last. One invocation owns one slice of
// one target. Column 0, the padding, is not counted.
//   scores   [users, columns]          read
//   targets  [users, targets]          read; 0: no target
//   counts   [users, targets, slices]  write

struct Params {
  users: u32,
  columns: u32, // V + 1
  targets: u32,
  slices: u32,
  sliceQuads: u32, // vec4 per slice
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> scores: array<vec4f>;
@group(0) @binding(2) var<storage, read> targets: array<u32>;
@group(0) @binding(3) var<storage, read_write> counts: array<u32>;

// Larger for larger floats; 0 for NaN; the same for both zeros.
fn orderOf(score: vec4f) -> vec4u {
  let raw = bitcast<vec4u>(score);
  let bits = select(raw, vec4u(), raw == vec4u(0x80000000u));
  let order = select(bits | vec4u(0x80000000u), ~bits, bits >= vec4u(0x80000000u));
  return select(order, vec4u(), (bits & vec4u(0x7fffffffu)) > vec4u(0x7f800000u));
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let index = id.x + id.y * groups.x * 64u;
  let slot = index / params.slices;
  if (slot >= params.users * params.targets) {
    return;
  }
  let quads = (params.columns + 3u) / 4u;
  let row = slot / params.targets * quads;
  let goal = min(targets[slot], params.columns - 1u);
  let own = vec4u(orderOf(scores[row + goal / 4u])[goal % 4u]);
  let first = index % params.slices * params.sliceQuads;
  let size = min(first + params.sliceQuads, quads) - min(first, quads);
  var better = vec4u();
  for (var q = 0u; q < size; q++) {
    let column = vec4u((first + q) * 4u) + vec4u(0u, 1u, 2u, 3u);
    let order = orderOf(scores[row + first + q]);
    let isItem = (column > vec4u(0u)) & (column < vec4u(params.columns));
    better += vec4u(isItem & ((order > own) | ((order == own) & (column < vec4u(goal)))));
  }
  counts[index] = better.x + better.y + better.z + better.w;
}
