// Multiply: product = a * b, element by element.
// One invocation owns four elements; row padding is zero in and zero out.
//   a, b     [count]  read, in vec4
//   product  [count]  write

struct Params {
  count: u32, // of vec4
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> a: array<vec4f>;
@group(0) @binding(2) var<storage, read> b: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> product: array<vec4f>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.x + id.y * groups.x * 64u;
  if (i < params.count) {
    product[i] = a[i] * b[i];
  }
}
