// Multiply backward: da = upstream * b, db = upstream * a.
// One invocation owns four elements; row padding is zero in and zero out.
//   upstream, a, b  [count]  read, in vec4
//   da, db          [count]  write

struct Params {
  count: u32, // of vec4
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> upstream: array<vec4f>;
@group(0) @binding(2) var<storage, read> a: array<vec4f>;
@group(0) @binding(3) var<storage, read> b: array<vec4f>;
@group(0) @binding(4) var<storage, read_write> da: array<vec4f>;
@group(0) @binding(5) var<storage, read_write> db: array<vec4f>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.x + id.y * groups.x * 64u;
  if (i < params.count) {
    let given = upstream[i];
    da[i] = given * b[i];
    db[i] = given * a[i];
  }
}
