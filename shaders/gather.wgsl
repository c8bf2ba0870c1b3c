// Gather: out[i] = table[ids[i]]; id 0, which is padding, gives a zero row.
// One invocation owns `span` vec4 of one row: the whole row on a CPU, one vec4 on a GPU, where neighbours then read neighbours.
//   table  [V + 1, d]  read
//   ids    [rows]      read
//   out    [rows, d]   write; row padding is zero as the table's is

struct Params {
  rows: u32,
  quads: u32, // vec4 per row
  lanes: u32, // invocations per row
  span: u32, // vec4 per invocation
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> table: array<vec4f>;
@group(0) @binding(2) var<storage, read> ids: array<u32>;
@group(0) @binding(3) var<storage, read_write> out: array<vec4f>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.x + id.y * groups.x * 64u;
  let row = i / params.lanes;
  if (row >= params.rows) {
    return;
  }
  let lane = i - row * params.lanes;
  let item = ids[row];
  let source = item * params.quads + lane;
  let destination = row * params.quads + lane;
  for (var c = 0u; c < params.span; c++) {
    out[destination + c * params.lanes] = select(vec4f(), table[source + c * params.lanes], item != 0u);
  }
}
