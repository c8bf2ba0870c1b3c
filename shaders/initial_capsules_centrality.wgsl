// How central a behaviour is among those of its user: centrality_i = sum over l != i of exp((cos_il - 1) / temperature), which is
// its stationary probability but for a common factor, times the number of behaviours l with cos_il > threshold, itself among them.
// One invocation owns one behaviour and meets four others at a time. Padded behaviours are neither read nor written.
//   e           [batch, length, d]  read
//   lengths     [batch]             read
//   norms       [batch, length, 1]  read: 1 / |e|, 0 for a zero row
//   centrality  [batch length]      write

struct Params {
  batch: u32,
  length: u32,
  quads: u32, // vec4 per row
  temperature: f32,
  threshold: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> e: array<vec4f>;
@group(0) @binding(2) var<storage, read> lengths: array<u32>;
@group(0) @binding(3) var<storage, read> norms: array<vec4f>;
@group(0) @binding(4) var<storage, read_write> centrality: array<f32>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let place = id.x + id.y * groups.x * 64u;
  if (place >= params.batch * params.length) {
    return;
  }
  let i = place % params.length;
  let first = place - i;
  let n = min(lengths[place / params.length], params.length);
  if (i >= n) {
    return;
  }
  var weight = 0.0;
  var neighbours = 0.0;
  for (var tile = 0u; tile < (n + 3u) / 4u; tile++) {
    let l = tile * 4u + vec4u(0u, 1u, 2u, 3u);
    let others = first + min(l, vec4u(n - 1u));
    let rows = others * params.quads;
    var products = vec4f();
    for (var c = 0u; c < params.quads; c++) {
      let own = e[place * params.quads + c];
      products += vec4f(dot(own, e[rows.x + c]), dot(own, e[rows.y + c]), dot(own, e[rows.z + c]), dot(own, e[rows.w + c]));
    }
    let inverse = vec4f(norms[others.x].x, norms[others.y].x, norms[others.z].x, norms[others.w].x);
    let cosines = products * norms[place].x * inverse;
    let inside = l < vec4u(n);
    let moves = select(vec4f(), exp((cosines - 1.0) / params.temperature), inside & (l != vec4u(i)));
    weight += dot(moves, vec4f(1.0));
    neighbours += dot(select(vec4f(), vec4f(1.0), inside & (cosines > vec4f(params.threshold))), vec4f(1.0));
  }
  centrality[place] = weight * neighbours;
}
