// Gather, as in gather.wgsl, of two lists of ids in one launch: out[i] = table[ids[i]]; id 0, which is padding, gives a zero row.
// One invocation owns `span` vec4 of one row; the rows of the second list follow those of the first.
//   table       [count, d]      read; rows `first` and following of [V + 1, d], of halves or of float32
//   ids0, ids1  [rows]          read
//   out0, out1  [rows, d]       write; row padding is zero as the table's is

override half: bool = false;

struct Params {
  rows: u32, // of both lists
  quads: u32, // vec4 per row
  lanes: u32, // invocations per row
  span: u32, // vec4 per invocation
  firstRows: u32, // of the first list
  first: u32, // first row of the table's window
  count: u32, // rows of the window
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> table: array<vec2u>;
@group(0) @binding(2) var<storage, read> ids0: array<u32>;
@group(0) @binding(3) var<storage, read> ids1: array<u32>;
@group(0) @binding(4) var<storage, read_write> out0: array<vec4f>;
@group(0) @binding(5) var<storage, read_write> out1: array<vec4f>;

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
  let place = i / params.lanes;
  if (place >= params.rows) {
    return;
  }
  let lane = i - place * params.lanes;
  let isSecond = place >= params.firstRows;
  let row = place - select(0u, params.firstRows, isSecond);
  var item = 0u;
  if (isSecond) {
    item = ids1[row];
  } else {
    item = ids0[row];
  }
  // Also true for ids before the window, whose difference wraps around.
  if (item - params.first >= params.count) {
    return;
  }
  let source = (item - params.first) * params.quads + lane;
  let destination = row * params.quads + lane;
  for (var c = 0u; c < params.span; c++) {
    let numbers = select(vec4f(), quadOf(source + c * params.lanes), item != 0u);
    if (isSecond) {
      out1[destination + c * params.lanes] = numbers;
    } else {
      out0[destination + c * params.lanes] = numbers;
    }
  }
}
