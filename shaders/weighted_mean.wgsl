// Weighted mean: scale sum_b w_b x_b / sum_b w_b; 0 where all weights are 0.
// One workgroup; an invocation owns every 64th element, and their sums come together in a fixed order.
//   x        [count]  read
//   weights  [count]  read
//   mean     [1]      write

struct Params {
  count: u32,
  scale: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> weights: array<f32>;
@group(0) @binding(3) var<storage, read_write> mean: array<f32>;

var<workgroup> partial: array<vec2f, 64>; // weighted sum, sum of weights

@compute @workgroup_size(64)
fn main(@builtin(local_invocation_index) local: u32) {
  var sums = vec2f();
  for (var i = 0u; i < (params.count + 63u - local) / 64u; i++) {
    let weight = weights[i * 64u + local];
    sums += vec2f(weight * x[i * 64u + local], weight);
  }
  partial[local] = sums;
  workgroupBarrier();
  for (var step = 0u; step < 6u; step++) {
    let half = 32u >> step;
    if (local < half) {
      partial[local] += partial[local + half];
    }
    workgroupBarrier();
  }
  if (local == 0u) {
    var result = 0.0;
    if (partial[0].y > 0.0) {
      result = params.scale * partial[0].x / partial[0].y;
    }
    mean[0] = result;
  }
}
