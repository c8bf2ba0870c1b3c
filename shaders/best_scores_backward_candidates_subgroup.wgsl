// Best scores backward, candidates: de[m] = sum over b of g[b, m] v[b, winner[b, m]]; users without interests add nothing.
// Rows of v come in groups of 4: 4 interests of a user or, where there is one interest each, 4 users. One invocation owns
// 2 vec4 of 16 candidates and walks the groups; the weights of a group for 4 candidates make a 4 x 4 matrix that is zero
// where an interest did not win. A workgroup has its two vec4 in common: each invocation loads those of one row and the first
// four of a subgroup, which has four at least, share theirs.
//   interests  [users, interests, d]                read
//   counts     [users]                              read
//   g          [users, candidates]                  read
//   winners    [users, candidates rounded up to 4]  read
//   de         [candidates, d]                      write

enable subgroups;

struct Params {
  users: u32,
  interests: u32,
  candidates: u32,
  quads: u32, // vec4 per row of interests and de
  chunks: u32, // groups of rows per user
  groups: u32,
}

override workgroupSize: u32 = 64u;
override single = false; // one interest for each user

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> interests: array<vec4f>;
@group(0) @binding(2) var<storage, read> counts: array<u32>;
@group(0) @binding(3) var<storage, read> g: array<vec4f>;
@group(0) @binding(4) var<storage, read> winners: array<vec4u>;
@group(0) @binding(5) var<storage, read_write> de: array<vec4f>;

fn upstream(user: u32, quad: u32) -> vec4f {
  let width = (params.candidates + 3u) / 4u;
  return g[min(user, params.users - 1u) * width + min(quad, width - 1u)];
}

// Column: one of four candidates; row: row of the group.
fn weights(group: u32, quad: u32) -> mat4x4f {
  if (single) {
    let user = group * 4u;
    return transpose(
      mat4x4f(upstream(user, quad), upstream(user + 1u, quad), upstream(user + 2u, quad), upstream(user + 3u, quad)),
    );
  }
  let user = group / params.chunks;
  let j = vec4u(group % params.chunks * 4u) + vec4u(0u, 1u, 2u, 3u);
  let weight = upstream(user, quad);
  let width = (params.candidates + 3u) / 4u;
  let winner = winners[user * width + min(quad, width - 1u)];
  return mat4x4f(
    select(vec4f(), vec4f(weight.x), j == vec4u(winner.x)),
    select(vec4f(), vec4f(weight.y), j == vec4u(winner.y)),
    select(vec4f(), vec4f(weight.z), j == vec4u(winner.z)),
    select(vec4f(), vec4f(weight.w), j == vec4u(winner.w)),
  );
}

// Two vec4 of row r of a group; zero past the last row and for inactive interests.
struct Row {
  first: vec4f,
  second: vec4f,
}

fn rowOf(group: u32, r: u32, c: u32, next: u32) -> Row {
  let user = select(group / params.chunks, group * 4u + r, single);
  let j = select(group % params.chunks * 4u + r, 0u, single);
  let within = min(user, params.users - 1u);
  let at = (within * params.interests + min(j, params.interests - 1u)) * params.quads + c;
  let isActive = user < params.users && j < min(counts[within], params.interests);
  return Row(select(vec4f(), interests[at], isActive), select(vec4f(), interests[at + next], isActive));
}

fn storeRow(m: u32, c: u32, first: vec4f, second: vec4f) {
  de[m * params.quads + c] = first;
  if (c + 1u < params.quads) {
    de[m * params.quads + c + 1u] = second;
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

// The vectors of the first four invocations of the subgroup.
fn share(own: vec4f) -> mat4x4f {
  return mat4x4f(
    subgroupBroadcast(own, 0u),
    subgroupBroadcast(own, 1u),
    subgroupBroadcast(own, 2u),
    subgroupBroadcast(own, 3u),
  );
}

@compute @workgroup_size(workgroupSize)
fn main(
  @builtin(workgroup_id) id: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) local: u32,
  @builtin(subgroup_invocation_id) lane: u32,
) {
  let index = id.x + id.y * groups.x;
  let pairs = (params.quads + 1u) / 2u;
  let quad = (index / pairs * workgroupSize + local) * 4u;
  if (index / pairs * workgroupSize * 16u >= params.candidates) {
    return;
  }
  let c = index % pairs * 2u;
  let next = min(c + 1u, params.quads - 1u) - c;
  var a0 = mat4x4f();
  var a1 = mat4x4f();
  var a2 = mat4x4f();
  var a3 = mat4x4f();
  var b0 = mat4x4f();
  var b1 = mat4x4f();
  var b2 = mat4x4f();
  var b3 = mat4x4f();
  for (var group = 0u; group < params.groups; group++) {
    let mine = rowOf(group, lane % 4u, c, next);
    let v = share(mine.first);
    let u = share(mine.second);
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
  for (var i = 0u; i < min(16u, params.candidates - min(quad * 4u, params.candidates)); i++) {
    storeRow(quad * 4u + i, c, pickOf(a0, a1, a2, a3, i), pickOf(b0, b1, b2, b3, i));
  }
}
