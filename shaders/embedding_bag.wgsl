// Embedding bag: out[i] = mean of table[f] over the non-zero features f of members[ids[i]]; zero for id 0 or no features.
// One invocation owns `span` vec4 of one row: the whole row on a CPU, one vec4 on a GPU, where neighbours then read neighbours.
// A table of more than one binding is summed window by window: all but the last leave their sum in `out`. Members of more
// than one binding have each window's items looked up by launches of their own; item 0 belongs to the first.
// A table of halves, four to a vec2u, is widened to float32; one of float32 has two vec2u to a vec4.
//   table    [count, d]  read; rows `first` and following of [F + 1, d]
//   members  [items, m]  read; rows `firstItem` and following of [V + 1, m]; 0 = absent
//   ids      [rows]      read
//   out      [rows, d]   read and write; row padding is zero as the table's is

override half: bool = false;

struct Params {
  rows: u32,
  quads: u32, // vec4 per row
  lanes: u32, // invocations per row
  span: u32, // vec4 per invocation
  width: u32, // m
  firstItem: u32, // first item of the members' window
  items: u32,
  first: u32, // first row of the table's window
  count: u32,
  last: u32, // 1 for the table's last window
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> table: array<vec2u>;
@group(0) @binding(2) var<storage, read> members: array<u32>;
@group(0) @binding(3) var<storage, read> ids: array<u32>;
@group(0) @binding(4) var<storage, read_write> out: array<vec4f>;

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
  // Also true for items before the window, whose difference wraps around.
  if (item - params.firstItem >= params.items) {
    return;
  }
  let place = (item - params.firstItem) * params.width;
  for (var c = 0u; c < params.span; c++) {
    let quad = lane + c * params.lanes;
    var sum = vec4f();
    if (params.first > 0u) {
      sum = out[row * params.quads + quad];
    }
    var count = 0.0;
    for (var j = 0u; j < params.width; j++) {
      let member = members[place + j];
      if (item != 0u && member != 0u) {
        count += 1.0;
        if (member - params.first < params.count) {
          sum += quadOf((member - params.first) * params.quads + quad);
        }
      }
    }
    out[row * params.quads + quad] = sum / select(1.0, max(count, 1.0), params.last == 1u);
  }
}
