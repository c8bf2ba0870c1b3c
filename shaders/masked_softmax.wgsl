// Masked softmax: p_i = exp(x_i - max) / sum over the first n elements of a row, 0 after them.
// One invocation owns one row. A row with n = 0 is all 0; padding is written as zero.
//   x        [rows, width]  read
//   lengths  [rows]         read
//   p        [rows, width]  write

struct Params {
  rows: u32,
  width: u32,
  pitch: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> lengths: array<u32>;
@group(0) @binding(3) var<storage, read_write> p: array<f32>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let row = id.x + id.y * groups.x * 64u;
  if (row >= params.rows) {
    return;
  }
  let n = min(lengths[row], params.width);
  let first = row * params.pitch;
  var largest = -3.4e38;
  for (var i = 0u; i < n; i++) {
    largest = max(largest, x[first + i]);
  }
  var total = 0.0;
  for (var i = 0u; i < n; i++) {
    total += exp(x[first + i] - largest);
  }
  for (var i = 0u; i < params.pitch; i++) {
    var value = 0.0;
    if (i < n) {
      value = exp(x[first + i] - largest) / total;
    }
    p[first + i] = value;
  }
}
