// Adam as in adam.wgsl, for up to three tensors in one launch.
// One invocation owns one vec4 of one of them: those of the first come first, then those of the second and the third. Row padding
// is zero in parameters, gradients and moments, and stays zero.
//   schedule                                  [3]        read; rate / (1 - beta1^t), 1 / (1 - beta2^t) and one that is not used
//   gradient0..2                              [rows, d]  read; any buffer for an absent one
//   parameter0..2, first0..2, second0..2      [rows, d]  read and write; any three buffers for an absent one
//   (first and second are the moments)

struct Params {
  end0: u32, // vec4 of the first tensor
  end1: u32, // of the first two
  end2: u32, // of all
  beta1: f32,
  rest1: f32, // 1 - beta1, rounded once
  beta2: f32,
  rest2: f32, // 1 - beta2
  epsilon: f32,
  weightDecay: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> schedule: array<vec2f>;
@group(0) @binding(2) var<storage, read> gradient0: array<vec4f>;
@group(0) @binding(3) var<storage, read> gradient1: array<vec4f>;
@group(0) @binding(4) var<storage, read> gradient2: array<vec4f>;
@group(0) @binding(5) var<storage, read_write> parameter0: array<vec4f>;
@group(0) @binding(6) var<storage, read_write> first0: array<vec4f>;
@group(0) @binding(7) var<storage, read_write> second0: array<vec4f>;
@group(0) @binding(8) var<storage, read_write> parameter1: array<vec4f>;
@group(0) @binding(9) var<storage, read_write> first1: array<vec4f>;
@group(0) @binding(10) var<storage, read_write> second1: array<vec4f>;
@group(0) @binding(11) var<storage, read_write> parameter2: array<vec4f>;
@group(0) @binding(12) var<storage, read_write> first2: array<vec4f>;
@group(0) @binding(13) var<storage, read_write> second2: array<vec4f>;

struct State {
  parameter: vec4f,
  first: vec4f,
  second: vec4f,
}

fn moved(before: State, gradient: vec4f) -> State {
  let now = schedule[0];
  let g = gradient + params.weightDecay * before.parameter;
  let m = params.beta1 * before.first + params.rest1 * g;
  let v = params.beta2 * before.second + params.rest2 * g * g;
  return State(before.parameter - now.x * m / (sqrt(v * now.y) + params.epsilon), m, v);
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.x + id.y * groups.x * 64u;
  if (i < params.end0) {
    let after = moved(State(parameter0[i], first0[i], second0[i]), gradient0[i]);
    parameter0[i] = after.parameter;
    first0[i] = after.first;
    second0[i] = after.second;
  } else if (i < params.end1) {
    let at = i - params.end0;
    let after = moved(State(parameter1[at], first1[at], second1[at]), gradient1[at]);
    parameter1[at] = after.parameter;
    first1[at] = after.first;
    second1[at] = after.second;
  } else if (i < params.end2) {
    let at = i - params.end1;
    let after = moved(State(parameter2[at], first2[at], second2[at]), gradient2[at]);
    parameter2[at] = after.parameter;
    first2[at] = after.first;
    second2[at] = after.second;
  }
}
