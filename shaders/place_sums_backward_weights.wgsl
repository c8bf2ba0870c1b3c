// Place sums backward, to the weights: dw_jt = sum over users b of dy_bj * x_bt, column by column.
// One workgroup owns four columns of a tile of 4 sums by 4 places; an invocation owns every 32nd user, and what they make is added
// up in a fixed order.
//   dy   [batch, outputs, h + d]  read; its last d columns
//   x    [batch, places, d]       read; with `gathered` the table [V + 1, d] that the places are looked up in
//   ids  [batch, places]          read with `gathered`; a place of id 0, without a behaviour, holds zeros
//   dw   [outputs, places, d]     write

override gathered: bool = false;

struct Params {
  users: u32,
  outputs: u32,
  places: u32,
  quads: u32, // vec4 per row of x
  besideQuads: u32, // vec4 of a row of dy before the last d columns
  quadsOfTile: u32, // 16
}

const invocations = 32u;

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> dy: array<vec4f>;
@group(0) @binding(2) var<storage, read> x: array<vec4f>;
@group(0) @binding(3) var<storage, read> ids: array<u32>;
@group(0) @binding(4) var<storage, read_write> dw: array<vec4f>;

var<workgroup> partial: array<vec4f, 512>; // 16 of each invocation, sum by sum

fn behaviour(place: u32, quad: u32) -> vec4f {
  if (gathered) {
    let id = ids[place];
    return select(vec4f(), x[id * params.quads + quad], id != 0u);
  }
  return x[place * params.quads + quad];
}

fn advance(sums: mat4x4f, given: vec4f, rows: mat4x4f) -> mat4x4f {
  return mat4x4f(fma(given, rows[0], sums[0]), fma(given, rows[1], sums[1]), fma(given, rows[2], sums[2]), fma(given, rows[3], sums[3]));
}

/// In a loop that is not unrolled: written out, it takes longer to compile than all the rest.
fn keep(first: u32, sums: array<mat4x4f, 4>) {
  var tile = sums;
  for (var index = 0u; index < params.quadsOfTile; index++) {
    partial[first + index] = tile[index / 4u][index % 4u];
  }
}

@compute @workgroup_size(invocations)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) local: u32,
) {
  let tile = group.x + group.y * groups.x;
  let quad = tile % params.quads;
  let placeTiles = (params.places + 3u) / 4u;
  let place = tile / params.quads % placeTiles * 4u;
  let output = tile / params.quads / placeTiles * 4u;
  // Sums and places beyond the last repeat it; they are not stored.
  let places = min(place + vec4u(0u, 1u, 2u, 3u), vec4u(params.places - 1u));
  let outputs = min(output + vec4u(0u, 1u, 2u, 3u), vec4u(params.outputs - 1u));
  // A matrix for each sum; column: place.
  var sums0 = mat4x4f();
  var sums1 = mat4x4f();
  var sums2 = mat4x4f();
  var sums3 = mat4x4f();
  for (var n = 0u; n < (params.users + invocations - 1u - local) / invocations; n++) {
    let user = n * invocations + local;
    let at = user * params.places + places;
    let rows = mat4x4f(behaviour(at.x, quad), behaviour(at.y, quad), behaviour(at.z, quad), behaviour(at.w, quad));
    let source = (user * params.outputs + outputs) * (params.besideQuads + params.quads) + params.besideQuads + quad;
    sums0 = advance(sums0, dy[source.x], rows);
    sums1 = advance(sums1, dy[source.y], rows);
    sums2 = advance(sums2, dy[source.z], rows);
    sums3 = advance(sums3, dy[source.w], rows);
  }
  keep(local * 16u, array<mat4x4f, 4>(sums0, sums1, sums2, sums3));
  workgroupBarrier();
  // Now one invocation owns one vec4.
  let ownOutput = output + local / 4u;
  let ownPlace = place + local % 4u;
  if (local >= 16u || ownOutput >= params.outputs || ownPlace >= params.places) {
    return;
  }
  var total = vec4f();
  for (var i = 0u; i < min(params.users, invocations); i++) {
    total += partial[i * 16u + local];
  }
  dw[(ownOutput * params.places + ownPlace) * params.quads + quad] = total;
}
