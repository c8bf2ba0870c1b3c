// Backward of routing over votes, the weights constant: dv_ij = w_ij dz_j. Padded behaviours have weight 0.
// One invocation owns four columns of one vote.
//   weights  [batch, length, interests]    read
//   dz       [batch, interests, h]         read; h is a multiple of 4
//   dv       [batch, length, interests h]  write

struct Params {
  quads: u32, // of dv
  length: u32,
  interests: u32,
  interestPitch: u32, // floats from one row of weights to the next
  hQuads: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> weights: array<f32>;
@group(0) @binding(2) var<storage, read> dz: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> dv: array<vec4f>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let index = id.x + id.y * groups.x * 64u;
  if (index >= params.quads) {
    return;
  }
  let width = params.interests * params.hQuads;
  let place = index / width;
  let at = index % width;
  let weight = weights[place * params.interestPitch + at / params.hQuads];
  dv[index] = weight * dz[place / params.length * width + at];
}
