// Squash: u = g(|z|) z, g(n) = (n^2 / (1 + n^2))^squashPower / n; a power of 0 is L2 normalisation.
// One invocation owns one capsule. A zero capsule, and so a padded one, stays zero.
//   z  [rows, d]  read
//   u  [rows, d]  write

override squashPower: f32 = 1.0;

struct Params {
  rows: u32,
  quads: u32, // vec4 per row
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> z: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> u: array<vec4f>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let row = id.x + id.y * groups.x * 64u;
  if (row >= params.rows) {
    return;
  }
  let first = row * params.quads;
  var norm2 = 0.0;
  for (var c = 0u; c < params.quads; c++) {
    let value = z[first + c];
    norm2 += dot(value, value);
  }
  var scale = norm2 / (1.0 + norm2) * inverseSqrt(norm2 + 1e-9);
  if (squashPower != 1.0) {
    scale = select(0.0, inverseSqrt(max(norm2, 1e-30)), norm2 > 1e-30) * pow(norm2 / (1.0 + norm2), squashPower);
  }
  for (var c = 0u; c < params.quads; c++) {
    u[first + c] = scale * z[first + c];
  }
}
