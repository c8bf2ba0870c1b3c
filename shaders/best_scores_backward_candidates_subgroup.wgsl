// Best scores backward, candidates, for subgroups of 8: de[m] = sum over b of g[b, m] v[b, winner[b, m]].
// One invocation owns 4 candidates by 8 vec4 and walks the users: one after the other, their interests in chunks of 4, or four
// at a time where there is one interest each. A subgroup loads each interest once; an invocation takes the winner's from those
// that hold it, or all four.
//   interests  [users, interests, d]    read
//   g          [users, candidates]      read
//   winners    [users, candidates / 4]  read, four to a word
//   de         [candidates, d]          write
//   upstream   [1]                      read with `scaled`: multiplies de

enable subgroups;

struct Params {
  users: u32,
  interests: u32,
  candidates: u32,
  quads: u32, // vec4 per row of interests and de
  tiles: u32, // tiles of 8 vec4
}

override single = false; // one interest for each user
override chunks = 1u; // of 4 interests; known to the compiler, so that one chunk costs no loop
override scaled = false;

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> interests: array<vec4f>;
@group(0) @binding(2) var<storage, read> g: array<vec4f>;
@group(0) @binding(3) var<storage, read> winners: array<u32>;
@group(0) @binding(4) var<storage, read_write> de: array<vec4f>;
@group(0) @binding(5) var<storage, read> upstream: array<f32>;

fn winnersOf(at: u32) -> vec4u {
  return (vec4u(winners[at]) >> vec4u(0u, 8u, 16u, 24u)) & vec4u(255u);
}

// What a user of one interest gives four candidates; nothing past the last user.
fn weightsOf(user: u32, quad: u32) -> vec4f {
  let at = min(user, params.users - 1u) * ((params.candidates + 3u) / 4u) + quad;
  return select(vec4f(), g[at], (winnersOf(at) == vec4u(0u)) & vec4<bool>(user < params.users));
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

@compute @workgroup_size(8)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(subgroup_invocation_id) lane: u32,
) {
  let index = group.x + group.y * groups.x;
  let column = index % params.tiles * 8u;
  let width = (params.candidates + 3u) / 4u;
  let own = index / params.tiles * 8u + lane;
  let quad = min(own, width - 1u); // of candidates
  var place: array<u32, 4>; // this invocation holds every other vec4 of a row's eight
  for (var i = 0u; i < 4u; i++) {
    place[i] = min(column + i * 2u + lane % 2u, params.quads - 1u);
  }
  var sums: array<mat4x4f, 8>; // column: candidate
  let turns = select(params.users, (params.users + 3u) / 4u, single);
  for (var turn = 0u; turn < turns; turn++) {
    for (var chunk = 0u; chunk < chunks; chunk++) {
      let many = turn * params.interests + min(chunk * 4u + lane / 2u, params.interests - 1u);
      let row = select(many, min(turn * 4u + lane / 2u, params.users - 1u), single) * params.quads;
      let v = array<vec4f, 4>(
        interests[row + place[0]],
        interests[row + place[1]],
        interests[row + place[2]],
        interests[row + place[3]],
      );
      if (single) {
        let user = turn * 4u;
        let weights = transpose(
          mat4x4f(weightsOf(user, quad), weightsOf(user + 1u, quad), weightsOf(user + 2u, quad), weightsOf(user + 3u, quad)),
        );
        for (var q = 0u; q < 8u; q++) {
          let held = v[q / 2u];
          let rows = mat4x4f(
            subgroupShuffle(held, q % 2u),
            subgroupShuffle(held, 2u + q % 2u),
            subgroupShuffle(held, 4u + q % 2u),
            subgroupShuffle(held, 6u + q % 2u),
          );
          sums[q] += rows * weights;
        }
      } else {
        let winner = winnersOf(turn * width + quad);
        let weight = select(vec4f(), g[turn * width + quad], winner / 4u == vec4u(chunk));
        let holder = winner % 4u * 2u;
        for (var q = 0u; q < 8u; q++) {
          let held = v[q / 2u];
          sums[q] += mat4x4f(
            weight.x * subgroupShuffle(held, holder.x + q % 2u),
            weight.y * subgroupShuffle(held, holder.y + q % 2u),
            weight.z * subgroupShuffle(held, holder.z + q % 2u),
            weight.w * subgroupShuffle(held, holder.w + q % 2u),
          );
        }
      }
    }
  }
  // Stored from memory by a loop that is not unrolled, for each vec4 stored is much to compile.
  var results: array<mat4x4f, 8>;
  for (var q = 0u; q < 8u; q++) {
    results[q] = sums[q];
  }
  for (var q = 0u; q < min(8u, params.quads - column); q++) {
    for (var r = 0u; r < 4u; r++) {
      store(own * 4u + r, column + q, results[q][r]);
    }
  }
}
