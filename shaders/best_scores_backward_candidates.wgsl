// Best scores backward, candidates: de[m] = sum over b of g[b, m] v[b, winner[b, m]].
// Rows of v come in groups of 4: 4 interests of a user or, where there is one interest each, 4 users. One invocation owns
// 2 vec4 of 16 candidates and walks the groups; the weights of a group for 4 candidates make a 4 x 4 matrix that is zero
// where an interest did not win.
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
  tiles: u32, // tiles of 2 vec4
}

override single = false; // one interest for each user
override chunks = 1u; // of 4 interests, groups of rows per user
override scaled = false;

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> interests: array<vec4f>;
@group(0) @binding(2) var<storage, read> g: array<vec4f>;
@group(0) @binding(3) var<storage, read> winners: array<u32>;
@group(0) @binding(4) var<storage, read_write> de: array<vec4f>;
@group(0) @binding(5) var<storage, read> upstream: array<f32>;

// What row r of a group weighs in candidates 4 quad to 4 quad + 3.
fn weightsOf(group: u32, r: u32, quad: u32) -> vec4f {
  let width = (params.candidates + 3u) / 4u;
  let user = min(select(group / chunks, group * 4u + r, single), params.users - 1u);
  let j = select(group % chunks * 4u + r, 0u, single);
  let at = user * width + min(quad, width - 1u);
  let winner = (vec4u(winners[at]) >> vec4u(0u, 8u, 16u, 24u)) & vec4u(255u);
  return select(vec4f(), g[at], winner == vec4u(j));
}

// Column: one of four candidates; row: row of the group.
fn weights(group: u32, quad: u32) -> mat4x4f {
  return transpose(
    mat4x4f(
      weightsOf(group, 0u, quad),
      weightsOf(group, 1u, quad),
      weightsOf(group, 2u, quad),
      weightsOf(group, 3u, quad),
    ),
  );
}

// Two vec4 of row r of a group; zero past the last row.
struct Row {
  first: vec4f,
  second: vec4f,
}

fn rowOf(group: u32, r: u32, c: u32, next: u32) -> Row {
  let user = select(group / chunks, group * 4u + r, single);
  let j = select(group % chunks * 4u + r, 0u, single);
  let within = min(user, params.users - 1u);
  let at = (within * params.interests + min(j, params.interests - 1u)) * params.quads + c;
  let isRow = user < params.users && j < params.interests;
  return Row(select(vec4f(), interests[at], isRow), select(vec4f(), interests[at + next], isRow));
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
  let quad = index / params.tiles * 4u;
  if (quad * 4u >= params.candidates) {
    return;
  }
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
  let count = select(params.users * chunks, (params.users + 3u) / 4u, single);
  for (var group = 0u; group < count; group++) {
    let r0 = rowOf(group, 0u, c, next);
    let r1 = rowOf(group, 1u, c, next);
    let r2 = rowOf(group, 2u, c, next);
    let r3 = rowOf(group, 3u, c, next);
    let v = mat4x4f(r0.first, r1.first, r2.first, r3.first);
    let u = mat4x4f(r0.second, r1.second, r2.second, r3.second);
    let w0 = weights(group, quad);
    a0 += v * w0;
    b0 += u * w0;
    let w1 = weights(group, quad + 1u);
    a1 += v * w1;
    b1 += u * w1;
    let w2 = weights(group, quad + 2u);
    a2 += v * w2;
    b2 += u * w2;
    let w3 = weights(group, quad + 3u);
    a3 += v * w3;
    b3 += u * w3;
  }
  for (var i = 0u; i < 16u; i++) {
    store(quad * 4u + i, c, pickOf(a0, a1, a2, a3, i));
    store(quad * 4u + i, c + 1u, pickOf(b0, b1, b2, b3, i));
  }
}
