// Interest similarity backward: dv_i = g sum_j coefficients_ij v_j, over a user's interests.
// One invocation owns four columns of one interest. Inactive interests have coefficients of 0, and get zeros.
//   v             [users, interests, d]          read
//   coefficients  [users, interests, interests]  read
//   g             [users]                        read
//   dv            [users, interests, d]          write

struct Params {
  users: u32,
  interests: u32,
  quads: u32, // vec4 per row of v
  pitch: u32, // numbers per row of coefficients
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> v: array<vec4f>;
@group(0) @binding(2) var<storage, read> coefficients: array<f32>;
@group(0) @binding(3) var<storage, read> g: array<f32>;
@group(0) @binding(4) var<storage, read_write> dv: array<vec4f>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let index = id.x + id.y * groups.x * 64u;
  let row = index / params.quads;
  let user = row / params.interests;
  if (user >= params.users) {
    return;
  }
  var sum = vec4f();
  for (var j = 0u; j < params.interests; j++) {
    let factor = coefficients[row * params.pitch + j];
    sum += factor * v[(user * params.interests + j) * params.quads + index % params.quads];
  }
  dv[index] = g[user] * sum;
}
