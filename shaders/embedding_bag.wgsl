// Embedding bag: out[i] = mean of table[f] over the non-zero features f of members[ids[i]]; zero for id 0 or no features.
// One invocation owns `span` vec4 of one row: the whole row on a CPU, one vec4 on a GPU, where neighbours then read neighbours.
//   table    [F + 1, d]  read
//   members  [V + 1, m]  read; 0 = absent
//   ids      [rows]      read
//   out      [rows, d]   write; row padding is zero as the table's is

struct Params {
  rows: u32,
  quads: u32, // vec4 per row
  lanes: u32, // invocations per row
  span: u32, // vec4 per invocation
  width: u32, // m
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> table: array<vec4f>;
@group(0) @binding(2) var<storage, read> members: array<u32>;
@group(0) @binding(3) var<storage, read> ids: array<u32>;
@group(0) @binding(4) var<storage, read_write> out: array<vec4f>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.x + id.y * groups.x * 64u;
  let row = i / params.lanes;
  if (row >= params.rows) {
    return;
  }
  let lane = i - row * params.lanes;
  let item = ids[row];
  let first = item * params.width;
  for (var c = 0u; c < params.span; c++) {
    let quad = lane + c * params.lanes;
    var sum = vec4f();
    var count = 0.0;
    for (var j = 0u; j < params.width; j++) {
      let member = members[first + j];
      if (item != 0u && member != 0u) {
        sum += table[member * params.quads + quad];
        count += 1.0;
      }
    }
    out[row * params.quads + quad] = sum / max(count, 1.0);
  }
}
