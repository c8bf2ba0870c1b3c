// The sum of all users' shares of the loss, by one workgroup in a fixed order.
//   terms  [users]  read
//   loss   [1]      write

struct Params {
  users: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> terms: array<f32>;
@group(0) @binding(2) var<storage, read_write> loss: array<f32>;

var<workgroup> partial: array<f32, 64>;

@compute @workgroup_size(64)
fn main(@builtin(local_invocation_index) local: u32) {
  var sum = 0.0;
  for (var i = 0u; i < (params.users + 63u - local) / 64u; i++) {
    sum += terms[i * 64u + local];
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
  if (local == 0u) {
    loss[0] = partial[0];
  }
}
