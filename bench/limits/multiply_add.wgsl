// Chains of multiply-adds without memory, to learn how fast an adapter computes.
// One invocation owns eight independent chains (two vectors) and carries each on by `8 * rounds` links.
//   sums  [invocations]  write, so that nothing is optimised away

struct Params {
  rounds: u32,
  factor: f32,
  summand: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read_write> sums: array<vec4f>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let m = vec4f(params.factor);
  let s = vec4f(params.summand);
  var a = vec4f(f32(id.x), 1.0, 2.0, 3.0);
  var b = a + vec4f(4.0);
  for (var i = 0u; i < params.rounds; i++) {
    a = fma(a, m, s);
    b = fma(b, m, s);
    a = fma(a, m, s);
    b = fma(b, m, s);
    a = fma(a, m, s);
    b = fma(b, m, s);
    a = fma(a, m, s);
    b = fma(b, m, s);
    a = fma(a, m, s);
    b = fma(b, m, s);
    a = fma(a, m, s);
    b = fma(b, m, s);
    a = fma(a, m, s);
    b = fma(b, m, s);
    a = fma(a, m, s);
    b = fma(b, m, s);
  }
  sums[id.x] = a + b;
}
