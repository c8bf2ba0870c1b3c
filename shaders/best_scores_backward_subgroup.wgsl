// Best scores backward, interests, for subgroups of 8: dv[b, j] = sum over m with winner[b, m] = j of g[b, m] e[m].
// One invocation owns 4 rows of dv, four interests of a user or four users of one interest each, by 8 vec4, and walks the
// candidates four at a time; where an interest did not win, a candidate weighs nothing. A subgroup loads each candidate once
// and hands it round. The padding of g is zero, so candidates past the end add nothing.
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

enable subgroups;

struct Params {
  users: u32,
  interests: u32,
  candidates: u32,
  quads: u32, // vec4 per row of candidates and dv
  tiles: u32, // tiles of 8 vec4
}

override single = false; // one interest for each user
override chunks = 1u; // of 4 interests
override own = false; // each user has a candidate of its own, too
override apart = false; // something keeps the interests of a user apart

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

// User and interest of row r of a block.
fn rowOf(block: u32, r: u32) -> vec2u {
  return select(vec2u(block / chunks, block % chunks * 4u + r), vec2u(block * 4u + r, 0u), single);
}

// What four candidates weigh in the gradient of interest j, given their winners.
fn weightsOf(weight: vec4f, winner: u32, j: u32) -> vec4f {
  let winnerOf = (vec4u(winner) >> vec4u(0u, 8u, 16u, 24u)) & vec4u(255u);
  return select(vec4f(), weight, winnerOf == vec4u(j));
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

@compute @workgroup_size(8)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(subgroup_invocation_id) lane: u32,
) {
  let index = group.x + group.y * groups.x;
  let column = index % params.tiles * 8u;
  let block = index / params.tiles * 8u + lane;
  let width = (params.candidates + 3u) / 4u;
  var source: array<u32, 4>; // rows of g and winners
  var place: array<u32, 4>; // this invocation loads every other vec4 of a candidate's eight
  for (var i = 0u; i < 4u; i++) {
    source[i] = min(rowOf(block, i).x, params.users - 1u) * width;
    place[i] = min(column + i * 2u + lane % 2u, params.quads - 1u);
  }
  let j = rowOf(block, 0u).y;
  var sums: array<mat4x4f, 8>; // column: row of the block
  for (var m = 0u; m < width; m++) {
    let row = min(m * 4u + lane / 2u, params.candidates - 1u) * params.quads;
    let e = array<vec4f, 4>(
      candidates[row + place[0]],
      candidates[row + place[1]],
      candidates[row + place[2]],
      candidates[row + place[3]],
    );
    let weight = g[source[0] + m];
    let winner = winners[source[0] + m];
    var weights = mat4x4f(weightsOf(weight, winner, j), vec4f(), vec4f(), vec4f());
    if (single) {
      weights[1] = weightsOf(g[source[1] + m], winners[source[1] + m], 0u);
      weights[2] = weightsOf(g[source[2] + m], winners[source[2] + m], 0u);
      weights[3] = weightsOf(g[source[3] + m], winners[source[3] + m], 0u);
    } else {
      weights[1] = weightsOf(weight, winner, j + 1u);
      weights[2] = weightsOf(weight, winner, j + 2u);
      weights[3] = weightsOf(weight, winner, j + 3u);
    }
    for (var q = 0u; q < 8u; q++) {
      let own = e[q / 2u];
      let rows = mat4x4f(
        subgroupShuffle(own, q % 2u),
        subgroupShuffle(own, 2u + q % 2u),
        subgroupShuffle(own, 4u + q % 2u),
        subgroupShuffle(own, 6u + q % 2u),
      );
      sums[q] += rows * weights;
    }
  }
  // Stored from memory by a loop that is not unrolled, for each vec4 stored is much to compile.
  var results: array<mat4x4f, 8>;
  for (var q = 0u; q < 8u; q++) {
    results[q] = sums[q];
  }
  for (var q = 0u; q < min(8u, params.quads - column); q++) {
    for (var r = 0u; r < 4u; r++) {
      let to = rowOf(block, r);
      store(to.x, to.y, column + q, results[q][r]);
    }
  }
}
