// Best scores backward, interests: dv[b, j] = sum over m with winner[b, m] = j of g[b, m] e[m].
// Rows come in groups of 4: 4 interests of a user or, where there is one interest each, 4 users. One invocation owns
// 2 vec4 of every row of 4 groups and walks the candidates 4 at a time; the weights of a group make a 4 x 4 matrix that is
// zero where an interest did not win. The padding of g is zero, so candidates past the end add nothing.
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
  tiles: u32, // tiles of 2 vec4
}

override single = false; // one interest for each user
override chunks = 1u; // of 4 interests, groups of rows per user
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

// What candidates 4 quad to 4 quad + 3 weigh in row r of a group.
fn weightsOf(group: u32, r: u32, quad: u32) -> vec4f {
  let user = min(select(group / chunks, group * 4u + r, single), params.users - 1u);
  let j = select(group % chunks * 4u + r, 0u, single);
  let at = user * ((params.candidates + 3u) / 4u) + quad;
  let winner = (vec4u(winners[at]) >> vec4u(0u, 8u, 16u, 24u)) & vec4u(255u);
  return select(vec4f(), g[at], winner == vec4u(j));
}

// Column: row of the group; row: one of four candidates.
fn weights(group: u32, quad: u32) -> mat4x4f {
  return mat4x4f(
    weightsOf(group, 0u, quad),
    weightsOf(group, 1u, quad),
    weightsOf(group, 2u, quad),
    weightsOf(group, 3u, quad),
  );
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

// Column i of four, without a dynamic index into registers.
fn pick(m: mat4x4f, i: u32) -> vec4f {
  return select(select(m[3], m[2], i == 2u), select(m[1], m[0], i == 0u), i < 2u);
}

// Column i of sixteen.
fn pickOf(m0: mat4x4f, m1: mat4x4f, m2: mat4x4f, m3: mat4x4f, i: u32) -> vec4f {
  let low = select(pick(m1, i % 4u), pick(m0, i % 4u), i < 4u);
  return select(select(pick(m3, i % 4u), pick(m2, i % 4u), i < 12u), low, i < 8u);
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let index = id.x + id.y * groups.x * 64u;
  let group = index / params.tiles * 4u;
  let c = index % params.tiles * 2u;
  let next = min(c + 1u, params.quads - 1u) - c;
  var a0 = mat4x4f();
  var a1 = mat4x4f();
  var a2 = mat4x4f();
  var a3 = mat4x4f();
  var b0 = mat4x4f();
  var b1 = mat4x4f();
  var b2 = mat4x4f();
  var b3 = mat4x4f();
  let last = params.candidates - 1u;
  let blocks = (params.candidates + 3u) / 4u;
  for (var m = 0u; m < blocks; m++) {
    let m0 = m * 4u * params.quads + c;
    let m1 = min(m * 4u + 1u, last) * params.quads + c;
    let m2 = min(m * 4u + 2u, last) * params.quads + c;
    let m3 = min(m * 4u + 3u, last) * params.quads + c;
    let e = mat4x4f(candidates[m0], candidates[m1], candidates[m2], candidates[m3]);
    let f = mat4x4f(candidates[m0 + next], candidates[m1 + next], candidates[m2 + next], candidates[m3 + next]);
    let w0 = weights(group, m);
    a0 += e * w0;
    b0 += f * w0;
    let w1 = weights(group + 1u, m);
    a1 += e * w1;
    b1 += f * w1;
    let w2 = weights(group + 2u, m);
    a2 += e * w2;
    b2 += f * w2;
    let w3 = weights(group + 3u, m);
    a3 += e * w3;
    b3 += f * w3;
  }
  for (var i = 0u; i < 16u; i++) {
    let user = select((group + i / 4u) / chunks, group * 4u + i, single);
    let j = select((group + i / 4u) % chunks * 4u + i % 4u, 0u, single);
    store(user, j, c, pickOf(a0, a1, a2, a3, i));
    store(user, j, c + 1u, pickOf(b0, b1, b2, b3, i));
  }
}
