// Adds up the parts of a product in order: c = sum over p of partial[p].
// One invocation owns four elements of c.
//   partial  [parts, count / 4]  read
//   c        [count / 4]         write

struct Params {
  parts: u32,
  quads: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> partial: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> c: array<vec4f>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.x + id.y * groups.x * 64u;
  if (i >= params.quads) {
    return;
  }
  var sum = vec4f();
  for (var part = 0u; part < params.parts; part++) {
    sum += partial[part * params.quads + i];
  }
  c[i] = sum;
}
