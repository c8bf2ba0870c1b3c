// Gather: out[i] = table[ids[i]]; id 0, which is padding, gives a zero row.
// One invocation owns `span` vec4 of one row. Row padding is zero in and zero out.
//   table  [V + 1, d]  read
//   ids    [rows]      read
//   out    [rows, d]   write

struct Params {
  rows: u32,
  quads: u32, // vec4 per row
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> table: array<vec4f>;
@group(0) @binding(2) var<storage, read> ids: array<u32>;
@group(0) @binding(3) var<storage, read_write> out: array<vec4f>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let row = id.x + id.y * groups.x * 64u;
  if (row >= params.rows) {
    return;
  }
  let item = ids[row];
  let first = item * params.quads;
  let to = row * params.quads;
  let mask = select(0.0, 1.0, item != 0u);
  for (var c = 0u; c < params.quads; c++) {
    out[to + c] = mask * table[first + c];
  }
}
