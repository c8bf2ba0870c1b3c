// Ranks, last step: the sum of a target's slices. One invocation owns one target.
//   targets  [users, targets]          read; 0: no target
//   counts   [users, targets, slices]  read
//   ranks    [users, targets]          write; 0xffffffff without target

struct Params {
  slots: u32, // users x targets
  slices: u32,
  items: u32, // V + 1
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> targets: array<u32>;
@group(0) @binding(2) var<storage, read> counts: array<u32>;
@group(0) @binding(3) var<storage, read_write> ranks: array<u32>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let slot = id.x + id.y * groups.x * 64u;
  if (slot >= params.slots) {
    return;
  }
  var rank = 0u;
  for (var s = 0u; s < params.slices; s++) {
    rank += counts[slot * params.slices + s];
  }
  let goal = targets[slot];
  ranks[slot] = select(rank, 0xffffffffu, goal == 0u || goal >= params.items);
}
