// Place sums: y_bj = sum over places t of w_jt * x_bt, column by column; where there are rows z_bj, behind these in the same row.
// One invocation owns four columns of a tile of 4 users by 4 sums, and every `quads`-th vec4 of their rows of z.
//   x    [batch, places, d]       read; with `gathered` the table [V + 1, d] that the places are looked up in
//   ids  [batch, places]          read with `gathered`; a place of id 0, without a behaviour, holds zeros
//   w    [outputs, places, d]     read
//   z    [batch, outputs, h]      read where besideQuads > 0; h is then a multiple of 4
//   y    [batch, outputs, h + d]  write

override gathered: bool = false;

struct Params {
  users: u32,
  outputs: u32,
  places: u32,
  quads: u32, // vec4 per row of x
  besideQuads: u32, // vec4 per row of z
  quadsOfTile: u32, // 16
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;
@group(0) @binding(2) var<storage, read> ids: array<u32>;
@group(0) @binding(3) var<storage, read> w: array<vec4f>;
@group(0) @binding(4) var<storage, read> z: array<vec4f>;
@group(0) @binding(5) var<storage, read_write> y: array<vec4f>;

fn behaviour(place: u32, quad: u32) -> vec4f {
  if (gathered) {
    let id = ids[place];
    return select(vec4f(), x[id * params.quads + quad], id != 0u);
  }
  return x[place * params.quads + quad];
}

fn advance(sums: mat4x4f, x: mat4x4f, w: vec4f) -> mat4x4f {
  return mat4x4f(fma(w, x[0], sums[0]), fma(w, x[1], sums[1]), fma(w, x[2], sums[2]), fma(w, x[3], sums[3]));
}

/// Writes the tile in loops that are not unrolled: written out, they take longer to compile than all the rest.
fn store(user: u32, output: u32, quad: u32, sums: array<mat4x4f, 4>) {
  var tile = sums;
  for (var index = 0u; index < params.quadsOfTile; index++) {
    let ownUser = user + index % 4u;
    let ownOutput = output + index / 4u;
    if (ownUser < params.users && ownOutput < params.outputs) {
      let row = ownUser * params.outputs + ownOutput;
      let first = row * (params.besideQuads + params.quads);
      y[first + params.besideQuads + quad] = tile[index / 4u][index % 4u];
      for (var n = 0u; n < (params.besideQuads + params.quads - 1u - quad) / params.quads; n++) {
        let c = quad + n * params.quads;
        y[first + c] = z[row * params.besideQuads + c];
      }
    }
  }
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let index = id.x + id.y * groups.x * 64u;
  let quad = index % params.quads;
  let outputTiles = (params.outputs + 3u) / 4u;
  let output = index / params.quads % outputTiles * 4u;
  let user = index / params.quads / outputTiles * 4u;
  if (user >= params.users) {
    return;
  }
  // Users and sums beyond the last repeat it; they are not stored.
  let places = min(user + vec4u(0u, 1u, 2u, 3u), vec4u(params.users - 1u)) * params.places;
  let rows = min(output + vec4u(0u, 1u, 2u, 3u), vec4u(params.outputs - 1u)) * params.places;
  // A matrix for each sum; column: user.
  var sums0 = mat4x4f();
  var sums1 = mat4x4f();
  var sums2 = mat4x4f();
  var sums3 = mat4x4f();
  for (var t = 0u; t < params.places; t++) {
    let rowsOfUsers = mat4x4f(
      behaviour(places.x + t, quad), behaviour(places.y + t, quad), behaviour(places.z + t, quad), behaviour(places.w + t, quad),
    );
    let at = (rows + t) * params.quads + quad;
    sums0 = advance(sums0, rowsOfUsers, w[at.x]);
    sums1 = advance(sums1, rowsOfUsers, w[at.y]);
    sums2 = advance(sums2, rowsOfUsers, w[at.z]);
    sums3 = advance(sums3, rowsOfUsers, w[at.w]);
  }
  store(user, output, quad, array<mat4x4f, 4>(sums0, sums1, sums2, sums3));
}
