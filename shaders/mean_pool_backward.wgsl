// Mean pooling backward: each of the first n rows of a user gets dmean / n, the others 0.
// One invocation owns four columns of one row.
//   upstream  [batch, d]          read
//   lengths   [batch]             read
//   gradient  [batch, length, d]  write

struct Params {
  batch: u32,
  length: u32,
  quads: u32, // vec4 per row
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> upstream: array<vec4f>;
@group(0) @binding(2) var<storage, read> lengths: array<u32>;
@group(0) @binding(3) var<storage, read_write> gradient: array<vec4f>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let index = id.x + id.y * groups.x * 64u;
  let row = index / params.quads;
  let user = row / params.length;
  if (user >= params.batch) {
    return;
  }
  let n = min(lengths[user], params.length);
  let share = upstream[user * params.quads + index % params.quads] / f32(max(n, 1u));
  gradient[index] = select(vec4f(), share, row % params.length < n);
}
