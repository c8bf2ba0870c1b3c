// Initial capsules: behaviours of each user to start routing from, the one of the largest `open` value after another, first of equals.
//   max-min: open_i is the squared distance to the nearest chosen one; the first is drawn by the number of behaviours.
//   markov:  open_i is the centrality; neighbours of a chosen one, cos > threshold, are closed.
// Chosen and closed behaviours have -1. One invocation owns one user. Capsules beyond the count are 0.
//   e                [batch, length, d]     read    open      [batch length]           work; for markov: the centrality
//   lengths, limits  [batch]                read    capsules  [batch, interests, d]    write
//   drawn            [length + 1]           read    counts    [batch]                  write
//   norms            [batch, length, 1]     read, for markov: 1 / |e|

override markov: bool = false;

struct Params {
  batch: u32,
  length: u32,
  quads: u32, // vec4 per row
  interests: u32,
  threshold: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> e: array<vec4f>;
@group(0) @binding(2) var<storage, read> lengths: array<u32>;
@group(0) @binding(3) var<storage, read> limits: array<u32>;
@group(0) @binding(4) var<storage, read> drawn: array<u32>;
@group(0) @binding(5) var<storage, read> norms: array<vec4f>;
@group(0) @binding(6) var<storage, read_write> open: array<f32>;
@group(0) @binding(7) var<storage, read_write> capsules: array<vec4f>;
@group(0) @binding(8) var<storage, read_write> counts: array<u32>;

/// What is left open of behaviour l once `chosen` is, both as rows of e.
fn openness(l: u32, chosen: u32, isFirst: bool) -> f32 {
  var product = 0.0;
  var distance = 0.0;
  for (var c = 0u; c < params.quads; c++) {
    let value = e[l * params.quads + c];
    let other = e[chosen * params.quads + c];
    product += dot(value, other);
    distance += dot(value - other, value - other);
  }
  if (markov) {
    return select(open[l], -1.0, product * norms[l].x * norms[chosen].x > params.threshold);
  }
  return select(min(open[l], distance), distance, isFirst);
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let user = id.x + id.y * groups.x * 64u;
  if (user >= params.batch) {
    return;
  }
  let n = min(lengths[user], params.length);
  let limit = min(min(limits[user], params.interests), n);
  let first = user * params.length;
  var count = 0u;
  for (var j = 0u; j < params.interests; j++) {
    var chosen = drawn[n];
    var largest = -1.0;
    for (var i = 0u; i < n && (markov || j > 0u); i++) {
      if (open[first + i] > largest) {
        largest = open[first + i];
        chosen = i;
      }
    }
    // Where all are closed there is nothing more to choose.
    let found = j < limit && (largest > -1.0 || (j == 0u && !markov));
    let row = (user * params.interests + j) * params.quads;
    for (var c = 0u; c < params.quads; c++) {
      capsules[row + c] = select(vec4f(), e[(first + chosen) * params.quads + c], found);
    }
    for (var l = 0u; l < n && found; l++) {
      // What is chosen or closed stays so; max-min opens all when it begins.
      if (l == chosen || (open[first + l] == -1.0 && (markov || j > 0u))) {
        open[first + l] = -1.0;
      } else {
        open[first + l] = openness(first + l, first + chosen, j == 0u);
      }
    }
    count += u32(found);
  }
  counts[user] = count;
}
