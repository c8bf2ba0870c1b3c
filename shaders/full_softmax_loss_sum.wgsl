// Weighted mean of the users' losses: loss = sum_b w_b l_b / sum_b w_b, 0 where no user weighs anything.
// One invocation does it all, in a fixed order.
//   terms  [2, users]  read: weighted losses; weights; padding zero
//   loss   [1]         write
//   total  [1]         write, sum of the weights

struct Params {
  quads: u32, // vec4 per row of terms
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> terms: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> loss: array<f32>;
@group(0) @binding(3) var<storage, read_write> total: array<f32>;

@compute @workgroup_size(1)
fn main() {
  var losses = vec4f();
  var weights = vec4f();
  for (var i = 0u; i < params.quads; i++) {
    losses += terms[i];
    weights += terms[params.quads + i];
  }
  let weight = dot(weights, vec4f(1.0));
  loss[0] = select(0.0, dot(losses, vec4f(1.0)) / weight, weight > 0.0);
  total[0] = weight;
}
