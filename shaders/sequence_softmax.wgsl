// Softmax over the behaviours of each interest: p_ij = exp(x_ij - max_i) / sum over the first n behaviours, 0 after them.
// One invocation owns four interests of one user. A user with n = 0 gets zeros, and so does the padding of a row.
//   x        [batch, length, interests]  read
//   lengths  [batch]                     read
//   p        [batch, length, interests]  write

struct Params {
  batch: u32,
  length: u32,
  interests: u32,
  quads: u32, // vec4 per row of x
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;
@group(0) @binding(2) var<storage, read> lengths: array<u32>;
@group(0) @binding(3) var<storage, read_write> p: array<vec4f>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let index = id.x + id.y * groups.x * 64u;
  let user = index / params.quads;
  if (user >= params.batch) {
    return;
  }
  let q = index % params.quads;
  let first = user * params.length * params.quads + q;
  let n = min(lengths[user], params.length);
  var largest = vec4f(-3.4e38);
  for (var i = 0u; i < n; i++) {
    largest = max(largest, x[first + i * params.quads]);
  }
  var total = vec4f();
  for (var i = 0u; i < n; i++) {
    total += exp(x[first + i * params.quads] - largest);
  }
  let inside = 4u * q + vec4u(0u, 1u, 2u, 3u) < vec4u(params.interests);
  for (var i = 0u; i < params.length; i++) {
    var value = vec4f();
    if (i < n) {
      value = exp(x[first + i * params.quads] - largest) / total;
    }
    p[first + i * params.quads] = select(vec4f(), value, inside);
  }
}
