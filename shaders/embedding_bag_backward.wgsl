// Embedding bag backward: what each member of item i receives, rows[i] = share[i] upstream[i].
// One invocation owns `span` vec4 of one row: the whole row on a CPU, one vec4 on a GPU.
//   upstream  [rows, d]  read
//   share     [rows]     read; 1 / members of the item, 0 where it has none
//   rows      [rows, d]  write; row padding is zero as upstream's is

struct Params {
  rows: u32,
  quads: u32, // vec4 per row
  lanes: u32, // invocations per row
  span: u32, // vec4 per invocation
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> upstream: array<vec4f>;
@group(0) @binding(2) var<storage, read> share: array<f32>;
@group(0) @binding(3) var<storage, read_write> rows: array<vec4f>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.x + id.y * groups.x * 64u;
  let row = i / params.lanes;
  if (row >= params.rows) {
    return;
  }
  let first = row * params.quads + i - row * params.lanes;
  let scale = share[row];
  for (var c = 0u; c < params.span; c++) {
    rows[first + c * params.lanes] = scale * upstream[first + c * params.lanes];
  }
}
