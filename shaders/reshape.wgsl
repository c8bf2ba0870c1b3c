// Reshape: a copy under another shape with the same last dimension.
// One invocation owns one element; row padding is copied with the rows.
//   source  [count]  read
//   copy    [count]  write

struct Params {
  count: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> source: array<u32>;
@group(0) @binding(2) var<storage, read_write> copy: array<u32>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.x + id.y * groups.x * 64u;
  if (i < params.count) {
    copy[i] = source[i];
  }
}
