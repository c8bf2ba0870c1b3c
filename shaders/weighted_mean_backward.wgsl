// Weighted mean backward: dx_b = upstream scale w_b / sum of the weights; 0 where all weights are 0.
// One workgroup; an invocation owns every 64th element, and the sum of the weights comes together in a fixed order.
//   weights   [count]  read
//   upstream  [1]      read
//   dx        [count]  write

struct Params {
  count: u32,
  scale: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> weights: array<f32>;
@group(0) @binding(2) var<storage, read> upstream: array<f32>;
@group(0) @binding(3) var<storage, read_write> dx: array<f32>;

var<workgroup> partial: array<f32, 64>;

@compute @workgroup_size(64)
fn main(@builtin(local_invocation_index) local: u32) {
  let turns = (params.count + 63u - local) / 64u;
  var sum = 0.0;
  for (var i = 0u; i < turns; i++) {
    sum += weights[i * 64u + local];
  }
  partial[local] = sum;
  workgroupBarrier();
  for (var step = 0u; step < 6u; step++) {
    let half = 32u >> step;
    if (local < half) {
      partial[local] += partial[local + half];
    }
    workgroupBarrier();
  }
  var factor = 0.0;
  if (partial[0] > 0.0) {
    factor = upstream[0] * params.scale / partial[0];
  }
  for (var i = 0u; i < turns; i++) {
    dx[i * 64u + local] = factor * weights[i * 64u + local];
  }
}
