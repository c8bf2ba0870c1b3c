// Reshape: a copy under another shape, element by element in order.
// One invocation owns one element of the copy's rows; their padding gets zero.
//   source  [..., fromWidth]  read
//   copy    [..., toWidth]    write

struct Params {
  count: u32, // of the copy, with padding
  fromWidth: u32,
  fromPitch: u32, // from one row to the next
  toWidth: u32,
  toPitch: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> source: array<u32>;
@group(0) @binding(2) var<storage, read_write> copy: array<u32>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.x + id.y * groups.x * 64u;
  if (i >= params.count) {
    return;
  }
  let column = i % params.toPitch;
  var value = 0u;
  if (column < params.toWidth) {
    let element = i / params.toPitch * params.toWidth + column;
    value = source[element / params.fromWidth * params.fromPitch + element % params.fromWidth];
  }
  copy[i] = value;
}
