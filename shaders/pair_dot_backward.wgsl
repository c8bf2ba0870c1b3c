// Row dots backward, for one side: da[r] = g[r] b[r]. One invocation owns one vec4 of da.
//   b   [rows, d]       read
//   g   [outer, width]  read, rows = outer * width, `pitch` elements from row to row
//   da  [rows, d]       write

struct Params {
  outer: u32,
  width: u32,
  pitch: u32,
  quads: u32, // vec4 per row of b and da
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> b: array<vec4f>;
@group(0) @binding(2) var<storage, read> g: array<f32>;
@group(0) @binding(3) var<storage, read_write> da: array<vec4f>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let index = id.x + id.y * groups.x * 64u;
  let row = index / params.quads;
  if (row >= params.outer * params.width) {
    return;
  }
  da[index] = g[row / params.width * params.pitch + row % params.width] * b[index];
}
