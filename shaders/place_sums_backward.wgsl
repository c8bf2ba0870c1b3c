// Place sums backward, to the rows: dx_bt = sum over outputs j of w_jt * dy_bj, column by column; and to the rows z that the sums
// lie behind: dz_bj is the beginning of a row of the gradient, dy_bj the rest.
// One invocation owns four columns of a tile of 4 users by 4 places; that of a user's first places also every `quads`-th vec4 of
// the user's rows of dz.
//   dy  [batch, outputs, h + d]  read
//   w   [outputs, places, d]     read
//   dx  [batch, places, d]       write
//   dz  [batch, outputs, h]      write where besideQuads > 0; h is then a multiple of 4

struct Params {
  users: u32,
  outputs: u32,
  places: u32,
  quads: u32, // vec4 per row of dx
  besideQuads: u32, // vec4 per row of dz
  quadsOfTile: u32, // 16
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> dy: array<vec4f>;
@group(0) @binding(2) var<storage, read> w: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> dx: array<vec4f>;
@group(0) @binding(4) var<storage, read_write> dz: array<vec4f>;

fn advance(sums: mat4x4f, given: mat4x4f, w: vec4f) -> mat4x4f {
  return mat4x4f(fma(w, given[0], sums[0]), fma(w, given[1], sums[1]), fma(w, given[2], sums[2]), fma(w, given[3], sums[3]));
}

/// Writes the tile in a loop that is not unrolled: written out, it takes longer to compile.
fn store(user: u32, place: u32, quad: u32, sums: array<mat4x4f, 4>) {
  var tile = sums;
  for (var index = 0u; index < params.quadsOfTile; index++) {
    let ownUser = user + index % 4u;
    let ownPlace = place + index / 4u;
    if (ownUser < params.users && ownPlace < params.places) {
      dx[(ownUser * params.places + ownPlace) * params.quads + quad] = tile[index / 4u][index % 4u];
    }
  }
}

/// Copies the beginnings of a user's rows.
fn handOn(user: u32, quad: u32) {
  for (var j = 0u; j < params.outputs; j++) {
    let row = user * params.outputs + j;
    for (var n = 0u; n < (params.besideQuads + params.quads - 1u - quad) / params.quads; n++) {
      let c = quad + n * params.quads;
      dz[row * params.besideQuads + c] = dy[row * (params.besideQuads + params.quads) + c];
    }
  }
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let index = id.x + id.y * groups.x * 64u;
  let quad = index % params.quads;
  let placeTiles = (params.places + 3u) / 4u;
  let place = index / params.quads % placeTiles * 4u;
  let user = index / params.quads / placeTiles * 4u;
  if (user >= params.users) {
    return;
  }
  // Users and places beyond the last repeat it; they are not stored.
  let users = min(user + vec4u(0u, 1u, 2u, 3u), vec4u(params.users - 1u));
  let places = min(place + vec4u(0u, 1u, 2u, 3u), vec4u(params.places - 1u));
  // A matrix for each place; column: user.
  var sums0 = mat4x4f();
  var sums1 = mat4x4f();
  var sums2 = mat4x4f();
  var sums3 = mat4x4f();
  for (var j = 0u; j < params.outputs; j++) {
    let source = (users * params.outputs + j) * (params.besideQuads + params.quads) + params.besideQuads + quad;
    let given = mat4x4f(dy[source.x], dy[source.y], dy[source.z], dy[source.w]);
    let at = (j * params.places + places) * params.quads + quad;
    sums0 = advance(sums0, given, w[at.x]);
    sums1 = advance(sums1, given, w[at.y]);
    sums2 = advance(sums2, given, w[at.z]);
    sums3 = advance(sums3, given, w[at.w]);
  }
  store(user, place, quad, array<mat4x4f, 4>(sums0, sums1, sums2, sums3));
  if (place == 0u) {
    for (var i = 0u; i < min(4u, params.users - user); i++) {
      handOn(user + i, quad);
    }
  }
}
