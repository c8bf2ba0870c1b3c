// Routing variance (REMI): p = sum_j (S_j / d)^2, S_j = sum over a user's behaviours of (w_ij - mean_j)^2.
// One invocation owns one user. Padded behaviours take no part; a user without any has 0.
//   w         [batch, length, interests]  read; row padding is zero
//   lengths   [batch]                     read
//   variance  [batch]                     write
//   moments   [batch, 2, interests]       write: mean_j; S_j

struct Params {
  batch: u32,
  length: u32,
  quads: u32, // vec4 per row of w
  keep: u32, // 0 when nobody reads the moments
  inverse: f32, // 1 / d
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> w: array<vec4f>;
@group(0) @binding(2) var<storage, read> lengths: array<u32>;
@group(0) @binding(3) var<storage, read_write> variance: array<f32>;
@group(0) @binding(4) var<storage, read_write> moments: array<vec4f>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let user = id.x + id.y * groups.x * 64u;
  if (user >= params.batch) {
    return;
  }
  let n = min(lengths[user], params.length);
  var sum = 0.0;
  for (var q = 0u; q < params.quads; q++) {
    let first = user * params.length * params.quads + q;
    var total = vec4f();
    for (var i = 0u; i < n; i++) {
      total += w[first + i * params.quads];
    }
    let mean = total / f32(max(n, 1u));
    var spread = vec4f();
    for (var i = 0u; i < n; i++) {
      let away = w[first + i * params.quads] - mean;
      spread += away * away;
    }
    sum += dot(spread * params.inverse, spread * params.inverse);
    if (params.keep == 1u) {
      moments[2u * user * params.quads + q] = mean;
      moments[(2u * user + 1u) * params.quads + q] = spread;
    }
  }
  variance[user] = sum;
}
