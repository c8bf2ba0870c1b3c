// Mean pooling: mean = (1 / n) sum of the first n rows of a user.
// One invocation owns four columns of one user. A user with n = 0 gets 0.
//   rows     [batch, length, d]  read
//   lengths  [batch]             read
//   mean     [batch, d]          write

struct Params {
  batch: u32,
  length: u32,
  quads: u32, // vec4 per row
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> rows: array<vec4f>;
@group(0) @binding(2) var<storage, read> lengths: array<u32>;
@group(0) @binding(3) var<storage, read_write> mean: array<vec4f>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let index = id.x + id.y * groups.x * 64u;
  let user = index / params.quads;
  if (user >= params.batch) {
    return;
  }
  let n = min(lengths[user], params.length);
  let first = user * params.length * params.quads + index % params.quads;
  var sum = vec4f();
  for (var i = 0u; i < n; i++) {
    sum += rows[first + i * params.quads];
  }
  mean[index] = sum / f32(max(n, 1u));
}
