// Best scores backward, interests, for GPUs: dv[b, j] = sum over m with winner[b, m] = j of g[b, m] e[m].
// One invocation owns 4 rows of dv, four interests of a user or four users of one interest each, by one vec4, and a slice of the
// candidates, which it takes four at a time; where an interest did not win, a candidate weighs nothing. A workgroup owns two
// blocks of 4 rows by `columns` vec4 and adds up its slices in a fixed order. The padding of g is zero, so candidates past the
// end add nothing.
// With `own` each user has one more candidate of its own, whose gradient is written beside its winner's, and upstream scales all. With
// `apart`, too, the interests of a user make up more of their own gradients, as interest_similarity.wgsl says.
//   candidates   [candidates, d]          read
//   g            [users, candidates]      read
//   winners      [users, candidates / 4]  read, four to a word
//   dv           [users, interests, d]    write
//   interests    [users, interests, d]    read with `own`
//   candidate    [users, d]               read with `own`
//   ownGradient  [users]                  read with `own`: for the candidate's score; its winner
//   upstream     [1]                      read with `own`
//   dCandidate   [users, d]               write with `own`
//   coefficients [users, interests, interests]  read with `apart`: what the second interest counts for the first

struct Params {
  users: u32,
  interests: u32,
  candidates: u32,
  quads: u32, // vec4 per row of candidates and dv
  tiles: u32, // tiles of `columns` vec4
}

override single = false; // one interest for each user
override chunks = 1u; // of 4 interests
override own = false; // each user has a candidate of its own, too
override apart = false; // something keeps the interests of a user apart
override columns = 16u; // 16, 8 or 4

const invocations = 256u;

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> candidates: array<vec4f>;
@group(0) @binding(2) var<storage, read> g: array<vec4f>;
@group(0) @binding(3) var<storage, read> winners: array<u32>;
@group(0) @binding(4) var<storage, read_write> dv: array<vec4f>;
@group(0) @binding(5) var<storage, read> interests: array<vec4f>;
@group(0) @binding(6) var<storage, read> candidate: array<vec4f>;
@group(0) @binding(7) var<storage, read> ownGradient: array<vec2f>;
@group(0) @binding(8) var<storage, read> upstream: array<f32>;
@group(0) @binding(9) var<storage, read_write> dCandidate: array<vec4f>;
@group(0) @binding(10) var<storage, read> coefficients: array<f32>;

var<workgroup> partial: array<mat4x4f, invocations>;

// User and interest of row r of a block.
fn rowOf(block: u32, r: u32) -> vec2u {
  return select(vec2u(block / chunks, block % chunks * 4u + r), vec2u(block * 4u + r, 0u), single);
}

// What candidates 4 m to 4 m + 3 weigh in row r of a block.
fn weightsOf(block: u32, r: u32, m: u32) -> vec4f {
  let row = rowOf(block, r);
  let at = min(row.x, params.users - 1u) * ((params.candidates + 3u) / 4u) + m;
  let winner = (vec4u(winners[at]) >> vec4u(0u, 8u, 16u, 24u)) & vec4u(255u);
  return select(vec4f(), g[at], winner == vec4u(row.y));
}

fn candidateOf(m: u32, c: u32) -> vec4f {
  return candidates[min(m, params.candidates - 1u) * params.quads + min(c, params.quads - 1u)];
}

/// What keeps interest j of a user apart from the others.
fn apartOf(user: u32, j: u32, c: u32) -> vec4f {
  let first = user * params.interests;
  let pitch = (params.interests + 3u) / 4u * 4u;
  var sum = vec4f();
  for (var i = 0u; i < params.interests; i++) {
    sum += coefficients[(first + j) * pitch + i] * interests[(first + i) * params.quads + c];
  }
  return sum;
}

fn store(user: u32, j: u32, c: u32, sum: vec4f) {
  if (user >= params.users || j >= params.interests || c >= params.quads) {
    return;
  }
  let at = (user * params.interests + j) * params.quads + c;
  if (!own) {
    dv[at] = sum;
    return;
  }
  let weight = ownGradient[user].x;
  let wins = u32(ownGradient[user].y) == j;
  let row = user * params.quads + c;
  var total = sum + select(vec4f(), weight * candidate[row], wins);
  if (apart) {
    total += apartOf(user, j, c);
  }
  dv[at] = upstream[0] * total;
  if (wins) {
    dCandidate[row] = upstream[0] * weight * interests[at];
  }
}

@compute @workgroup_size(invocations)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) local: u32,
) {
  let tile = group.x + group.y * groups.x;
  let firstColumn = tile % params.tiles * columns;
  let firstBlock = tile / params.tiles * 2u;
  let owned = 2u * columns;
  let slices = invocations / owned;
  let column = firstColumn + local % columns;
  let block = firstBlock + local / columns % 2u;
  let turns = ((params.candidates + 3u) / 4u + slices - 1u - local / owned) / slices;
  var sums = mat4x4f(); // column: row of the block
  for (var turn = 0u; turn < turns; turn++) {
    let m = turn * slices + local / owned;
    let e = mat4x4f(
      candidateOf(m * 4u, column),
      candidateOf(m * 4u + 1u, column),
      candidateOf(m * 4u + 2u, column),
      candidateOf(m * 4u + 3u, column),
    );
    let weights = mat4x4f(
      weightsOf(block, 0u, m),
      weightsOf(block, 1u, m),
      weightsOf(block, 2u, m),
      weightsOf(block, 3u, m),
    );
    sums += e * weights;
  }
  partial[local] = sums;
  workgroupBarrier();
  if (local >= owned * 4u) {
    return;
  }
  // Now one invocation owns one vec4.
  let r = local / owned;
  let index = local % owned;
  var total = vec4f();
  for (var slice = 0u; slice < slices; slice++) {
    total += partial[slice * owned + index][r];
  }
  let row = rowOf(firstBlock + index / columns, r);
  store(row.x, row.y, firstColumn + index % columns, total);
}
