// Ranks, first step: the excluded items of each user with every item once; repeats, padding and ids beyond the catalogue become 0.
// One invocation owns one user and marks the items it has met in a bitmap.
//   excluded  [users, slots]  read
//   unique    [users, slots]  write
//   seen      [users, words]  scratch

struct Params {
  users: u32,
  slots: u32,
  columns: u32, // V + 1
  words: u32, // of the bitmap, ceil(columns / 32)
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> excluded: array<u32>;
@group(0) @binding(2) var<storage, read_write> unique: array<u32>;
@group(0) @binding(3) var<storage, read_write> seen: array<u32>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let user = id.x + id.y * groups.x * 64u;
  if (user >= params.users) {
    return;
  }
  let first = user * params.words;
  for (var w = 0u; w < params.words; w++) {
    seen[first + w] = 0u;
  }
  for (var x = 0u; x < params.slots; x++) {
    var item = excluded[user * params.slots + x];
    if (item > 0u && item < params.columns) {
      let bits = seen[first + item / 32u];
      let bit = 1u << (item % 32u);
      seen[first + item / 32u] = bits | bit;
      item = select(item, 0u, (bits & bit) != 0u);
    } else {
      item = 0u;
    }
    unique[user * params.slots + x] = item;
  }
}
