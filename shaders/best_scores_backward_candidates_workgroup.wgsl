// Best scores backward, candidates, for GPUs: de[m] = sum over b of g[b, m] v[b, winner[b, m]].
// One invocation owns 4 candidates by one vec4 and a slice of the users, and reads of each user the winners' vectors alone.
// A workgroup owns two such blocks of 4 candidates by `columns` vec4 and adds up its slices in a fixed order.
//   interests  [users, interests, d]    read
//   g          [users, candidates]      read
//   winners    [users, candidates / 4]  read, four to a word
//   de         [candidates, d]          write
//   upstream   [1]                      read with `scaled`: multiplies de

struct Params {
  users: u32,
  interests: u32,
  candidates: u32,
  quads: u32, // vec4 per row of interests and de
  tiles: u32, // tiles of `columns` vec4
}

override columns = 16u; // 16, 8 or 4
override scaled = false;

const invocations = 256u;

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> interests: array<vec4f>;
@group(0) @binding(2) var<storage, read> g: array<vec4f>;
@group(0) @binding(3) var<storage, read> winners: array<u32>;
@group(0) @binding(4) var<storage, read_write> de: array<vec4f>;
@group(0) @binding(5) var<storage, read> upstream: array<f32>;

var<workgroup> partial: array<mat4x4f, invocations>;

// What a user gives a candidate whose winner is byte r of a word; nothing where there is none.
fn share(user: u32, word: u32, r: u32, c: u32, weight: f32) -> vec4f {
  let winner = (word >> (8u * r)) & 255u;
  let row = user * params.interests + min(winner, params.interests - 1u);
  return select(0.0, weight, winner < params.interests) * interests[row * params.quads + c];
}

fn store(m: u32, c: u32, sum: vec4f) {
  if (m >= params.candidates || c >= params.quads) {
    return;
  }
  if (scaled) {
    de[m * params.quads + c] = upstream[0] * sum;
  } else {
    de[m * params.quads + c] = sum;
  }
}

@compute @workgroup_size(invocations)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) local: u32,
) {
  let index = group.x + group.y * groups.x;
  let firstColumn = index % params.tiles * columns;
  let firstQuad = index / params.tiles * 2u;
  let owned = 2u * columns;
  let slices = invocations / owned;
  let width = (params.candidates + 3u) / 4u;
  let column = min(firstColumn + local % columns, params.quads - 1u);
  let quad = min(firstQuad + local / columns % 2u, width - 1u);
  let turns = (params.users + slices - 1u - local / owned) / slices;
  var sums = mat4x4f(); // column: candidate
  for (var turn = 0u; turn < turns; turn++) {
    let user = turn * slices + local / owned;
    let weight = g[user * width + quad];
    let word = winners[user * width + quad];
    sums += mat4x4f(
      share(user, word, 0u, column, weight.x),
      share(user, word, 1u, column, weight.y),
      share(user, word, 2u, column, weight.z),
      share(user, word, 3u, column, weight.w),
    );
  }
  partial[local] = sums;
  workgroupBarrier();
  if (local >= owned * 4u) {
    return;
  }
  // Now one invocation owns one vec4.
  let r = local / owned;
  let own = local % owned;
  var total = vec4f();
  for (var slice = 0u; slice < slices; slice++) {
    total += partial[slice * owned + own][r];
  }
  store((firstQuad + own / columns) * 4u + r, firstColumn + own % columns, total);
}
