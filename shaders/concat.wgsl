// Concat: joins a row of a and a row of b, which serves `repeat` rows of a one after another.
// One invocation owns one element of the result, its row padding included.
//   a       [rows, aWidth]            read
//   b       [rows / repeat, bWidth]   read
//   joined  [rows, aWidth + bWidth]   write; padding is written as zero

struct Params {
  rows: u32,
  repeat: u32,
  aWidth: u32,
  aPitch: u32,
  bWidth: u32,
  bPitch: u32,
  pitch: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> a: array<f32>;
@group(0) @binding(2) var<storage, read> b: array<f32>;
@group(0) @binding(3) var<storage, read_write> joined: array<f32>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let index = id.x + id.y * groups.x * 64u;
  let row = index / params.pitch;
  let column = index % params.pitch;
  if (row >= params.rows) {
    return;
  }
  var value = 0.0;
  if (column < params.aWidth) {
    value = a[row * params.aPitch + column];
  } else if (column < params.aWidth + params.bWidth) {
    value = b[row / params.repeat * params.bPitch + column - params.aWidth];
  }
  joined[index] = value;
}
