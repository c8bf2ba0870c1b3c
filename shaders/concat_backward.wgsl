// Concat backward: the gradient of one part, its columns of the upstream gradient summed over the rows it served.
// One invocation owns one element of the part, its row padding included.
//   upstream  [rows repeat, ...]  read
//   part      [rows, width]       write; padding is written as zero

struct Params {
  rows: u32,
  repeat: u32,
  first: u32, // the part's first column in upstream
  width: u32,
  pitch: u32,
  upstreamPitch: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> upstream: array<f32>;
@group(0) @binding(2) var<storage, read_write> part: array<f32>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let index = id.x + id.y * groups.x * 64u;
  let row = index / params.pitch;
  let column = index % params.pitch;
  if (row >= params.rows) {
    return;
  }
  var sum = 0.0;
  if (column < params.width) {
    for (var i = 0u; i < params.repeat; i++) {
      sum += upstream[(row * params.repeat + i) * params.upstreamPitch + params.first + column];
    }
  }
  part[index] = sum;
}
