// Ranks, first step: the order of each target's own score. One invocation owns one target.
// Either all items have been scored, or the targets themselves as if they were a catalogue, for whose row i slot i stands.
//   scores   [users, columns]   read
//   targets  [users, targets]   read; 0: no target
//   own      [users, targets]   write; larger for larger scores, 0 for NaN

struct Params {
  users: u32,
  targets: u32,
  columns: u32, // from one row of scores to the next
  items: u32, // V + 1
  first: u32, // the first slot whose target is scored
  count: u32, // slots from there
}

override asCatalogue = false; // targets were scored, not all items

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> scores: array<f32>;
@group(0) @binding(2) var<storage, read> targets: array<u32>;
@group(0) @binding(3) var<storage, read_write> own: array<u32>;

// As in rank_targets.wgsl.
fn orderOf(score: f32) -> u32 {
  let raw = bitcast<u32>(score);
  let bits = select(raw, 0u, raw == 0x80000000u);
  let order = select(bits | 0x80000000u, ~bits, bits >= 0x80000000u);
  return select(order, 0u, (bits & 0x7fffffffu) > 0x7f800000u);
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let at = id.x + id.y * groups.x * 64u;
  if (at >= params.count) {
    return;
  }
  let slot = params.first + at;
  let column = select(min(targets[slot], params.items - 1u), at, asCatalogue);
  own[slot] = orderOf(scores[slot / params.targets * params.columns + column]);
}
