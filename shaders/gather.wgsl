// Gather: out[i] = table[ids[i]]; id 0, which is padding, gives a zero row.
// One invocation owns `span` vec4 of one row: the whole row on a CPU, one vec4 on a GPU, where neighbours then read neighbours.
// A table of more than one binding is looked up window by window; the first also writes the zero rows.
// A table of halves, four to a vec2u, is widened to float32; one of float32 has two vec2u to a vec4.
//   table  [count, d]  read; rows `first` and following of [V + 1, d]
//   ids    [rows]      read
//   out    [rows, d]   write; row padding is zero as the table's is

override half: bool = false;

struct Params {
  rows: u32,
  quads: u32, // vec4 per row
  lanes: u32, // invocations per row
  span: u32, // vec4 per invocation
  first: u32, // first row of the table's window
  count: u32, // rows of the window
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> table: array<vec2u>;
@group(0) @binding(2) var<storage, read> ids: array<u32>;
@group(0) @binding(3) var<storage, read_write> out: array<vec4f>;

fn quadOf(at: u32) -> vec4f {
  if (half) {
    let halves = table[at];
    return vec4f(unpack2x16float(halves.x), unpack2x16float(halves.y));
  }
  return bitcast<vec4f>(vec4u(table[2u * at], table[2u * at + 1u]));
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.x + id.y * groups.x * 64u;
  let row = i / params.lanes;
  if (row >= params.rows) {
    return;
  }
  let lane = i - row * params.lanes;
  let item = ids[row];
  // Also true for ids before the window, whose difference wraps around.
  if (item - params.first >= params.count) {
    return;
  }
  let source = (item - params.first) * params.quads + lane;
  let destination = row * params.quads + lane;
  for (var c = 0u; c < params.span; c++) {
    out[destination + c * params.lanes] = select(vec4f(), quadOf(source + c * params.lanes), item != 0u);
  }
}
