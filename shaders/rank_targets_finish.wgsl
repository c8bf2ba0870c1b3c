// Ranks, last step: the sum of a target's slices, less the excluded items that come before it.
// One invocation owns one target.
//   scores   [users, columns]          read, `pitch` elements from row to row
//   targets  [users, targets]          read; 0: no target
//   unique   [users, slots]            read; each excluded item once, 0: none
//   counts   [users, targets, slices]  read
//   ranks    [users, targets]          write; 0xffffffff without target

struct Params {
  users: u32,
  columns: u32, // V + 1
  targets: u32,
  slices: u32,
  slots: u32,
  pitch: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> scores: array<f32>;
@group(0) @binding(2) var<storage, read> targets: array<u32>;
@group(0) @binding(3) var<storage, read> unique: array<u32>;
@group(0) @binding(4) var<storage, read> counts: array<u32>;
@group(0) @binding(5) var<storage, read_write> ranks: array<u32>;

// As in rank_targets.wgsl.
fn orderOf(score: f32) -> u32 {
  let raw = bitcast<u32>(score);
  let bits = select(raw, 0u, raw == 0x80000000u);
  let order = select(bits | 0x80000000u, ~bits, bits >= 0x80000000u);
  return select(order, 0u, (bits & 0x7fffffffu) > 0x7f800000u);
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let slot = id.x + id.y * groups.x * 64u;
  if (slot >= params.users * params.targets) {
    return;
  }
  let goal = targets[slot];
  if (goal == 0u || goal >= params.columns) {
    ranks[slot] = 0xffffffffu;
    return;
  }
  let user = slot / params.targets;
  let own = orderOf(scores[user * params.pitch + goal]);
  var rank = 0u;
  for (var s = 0u; s < params.slices; s++) {
    rank += counts[slot * params.slices + s];
  }
  for (var x = 0u; x < params.slots; x++) {
    let item = unique[user * params.slots + x];
    if (item > 0u) {
      let order = orderOf(scores[user * params.pitch + item]);
      rank -= u32(order > own || (order == own && item < goal));
    }
  }
  ranks[slot] = rank;
}
