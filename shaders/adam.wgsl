// Adam, dense: m = beta1 m + (1 - beta1) g, v = beta2 v + (1 - beta2) g^2, parameter -= rate_t m / (sqrt(v correction_t) + epsilon)
// with g = gradient + weightDecay parameter.
// One invocation owns one vec4. Row padding is zero in the parameter, the gradient and the moments, and stays zero.
//   parameter, firstMoment, secondMoment  [rows, d]  read and write
//   gradient                              [rows, d]  read
//   schedule                              [3]        read; rate / (1 - beta1^t), 1 / (1 - beta2^t) and one that is not used

struct Params {
  quads: u32, // vec4 in all
  beta1: f32,
  rest1: f32, // 1 - beta1, rounded once
  beta2: f32,
  rest2: f32, // 1 - beta2
  epsilon: f32,
  weightDecay: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> gradient: array<vec4f>;
@group(0) @binding(2) var<storage, read> schedule: array<vec2f>;
@group(0) @binding(3) var<storage, read_write> parameter: array<vec4f>;
@group(0) @binding(4) var<storage, read_write> firstMoment: array<vec4f>;
@group(0) @binding(5) var<storage, read_write> secondMoment: array<vec4f>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.x + id.y * groups.x * 64u;
  if (i >= params.quads) {
    return;
  }
  let now = schedule[0];
  let before = parameter[i];
  let g = gradient[i] + params.weightDecay * before;
  let m = params.beta1 * firstMoment[i] + params.rest1 * g;
  let v = params.beta2 * secondMoment[i] + params.rest2 * g * g;
  firstMoment[i] = m;
  secondMoment[i] = v;
  parameter[i] = before - now.x * m / (sqrt(v * now.y) + params.epsilon);
}
