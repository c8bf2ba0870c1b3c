// Backward of the softmax over behaviours: dx_ij = p_ij (dp_ij - sum_m p_mj dp_mj).
// One invocation owns four interests of one user. p is 0 for padded behaviours and in row padding, and so is dx.
//   p, dp  [batch, length, interests]  read
//   dx     [batch, length, interests]  write

struct Params {
  batch: u32,
  length: u32,
  quads: u32, // vec4 per row of p
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> p: array<vec4f>;
@group(0) @binding(2) var<storage, read> dp: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> dx: array<vec4f>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let index = id.x + id.y * groups.x * 64u;
  let user = index / params.quads;
  if (user >= params.batch) {
    return;
  }
  let first = user * params.length * params.quads + index % params.quads;
  var mean = vec4f();
  for (var i = 0u; i < params.length; i++) {
    mean += p[first + i * params.quads] * dp[first + i * params.quads];
  }
  for (var i = 0u; i < params.length; i++) {
    let at = first + i * params.quads;
    dx[at] = p[at] * (dp[at] - mean);
  }
}
