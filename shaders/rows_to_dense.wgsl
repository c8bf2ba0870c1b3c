// Rows to dense: gradient[row] = sum of the rows that the row's occurrences received, in the order of the occurrences.
// Part p holds one row for `fan` consecutive occurrences; occurrences are numbered through the parts.
// One invocation owns one vec4 of one table row and finds the row among those that occur by bisection.
// A gradient of more than one binding is written window by window.
//   rows0..3  [.., d]         read; the parts, any buffer for an absent one
//   order     [N]             read; occurrences, row by row
//   touched   [N]             read; the rows that occur, ascending
//   starts    [N + 1]         read; where each one's occurrences begin in `order`
//   count     [1]             read; how many rows occur
//   gradient  [count, d]      write; rows `first` and following of [tableRows, d]; zero for rows that do not occur, and so for
//                             row 0; padding as in the parts

override fan0: u32 = 1u; // occurrences per row of part 0
override fan1: u32 = 1u;
override fan2: u32 = 1u;
override fan3: u32 = 1u;

struct Params {
  first: u32, // first row of the gradient's window
  count: u32, // rows of the window
  quads: u32, // vec4 per row
  end0: u32, // first occurrence behind part 0
  end1: u32,
  end2: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> rows0: array<vec4f>;
@group(0) @binding(2) var<storage, read> rows1: array<vec4f>;
@group(0) @binding(3) var<storage, read> rows2: array<vec4f>;
@group(0) @binding(4) var<storage, read> rows3: array<vec4f>;
@group(0) @binding(5) var<storage, read> order: array<u32>;
@group(0) @binding(6) var<storage, read> touched: array<u32>;
@group(0) @binding(7) var<storage, read> starts: array<u32>;
@group(0) @binding(8) var<storage, read> count: array<u32>;
@group(0) @binding(9) var<storage, read_write> gradient: array<vec4f>;

fn received(occurrence: u32, quad: u32) -> vec4f {
  if (occurrence < params.end0) {
    return rows0[occurrence / fan0 * params.quads + quad];
  }
  if (occurrence < params.end1) {
    return rows1[(occurrence - params.end0) / fan1 * params.quads + quad];
  }
  if (occurrence < params.end2) {
    return rows2[(occurrence - params.end1) / fan2 * params.quads + quad];
  }
  return rows3[(occurrence - params.end2) / fan3 * params.quads + quad];
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.x + id.y * groups.x * 64u;
  let within = i / params.quads;
  if (within >= params.count) {
    return;
  }
  let quad = i - within * params.quads;
  let row = params.first + within;
  var low = 0u; // rows before `low` are smaller, those from `high` on are not
  var high = count[0];
  let found = high;
  for (var step = 0u; step < 32u; step++) {
    if (low >= high) {
      break;
    }
    let middle = (low + high) / 2u;
    if (touched[middle] < row) {
      low = middle + 1u;
    } else {
      high = middle;
    }
  }
  var sum = vec4f();
  if (low < found && touched[low] == row) {
    let first = starts[low];
    let length = starts[low + 1u] - first;
    for (var k = 0u; k < length; k++) {
      sum += received(order[first + k], quad);
    }
  }
  gradient[i] = sum;
}
