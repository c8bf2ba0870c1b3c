// dx = (1 - y^2) dy, from the output y = tanh(x). One invocation owns one vec4; padding is zero in and zero out.
//   y, dy  [rows, d]  read
//   dx     [rows, d]  write

struct Params {
  quads: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> y: array<vec4f>;
@group(0) @binding(2) var<storage, read> dy: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> dx: array<vec4f>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.x + id.y * groups.x * 64u;
  if (i < params.quads) {
    dx[i] = (vec4f(1.0) - y[i] * y[i]) * dy[i];
  }
}
