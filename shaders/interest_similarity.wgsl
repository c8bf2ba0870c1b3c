// Interest similarity: s = mean over pairs of a user's active interests of max(0, cos(v_i, v_j) - margin)^2; 0 with fewer than two.
// It moves with directions alone, so its gradient combines the interests: ds/dv_i = sum_j coefficients_ij v_j, where
//   coefficients_ij = f_ij / (|v_i| |v_j|),  coefficients_ii = -sum_j f_ij cos_ij / |v_i|^2,  f_ij = 4 max(0, cos_ij - margin) / pairs
// With `weighted` both are those of the user's share of a loss, scale w_b / sum of w times as much, and s is added to what is there.
// One invocation owns one user. An interest of zeros is like no other, and coefficients of inactive ones are 0.
//   v             [users, interests, d]          read
//   counts        [users]                        read
//   weights       [users]                        read with `weighted`
//   similarity    [users]                        write; read, too, with `weighted`
//   coefficients  [users, interests, interests]  write, row padding too

override weighted: bool = false;

struct Params {
  users: u32,
  interests: u32,
  quads: u32, // vec4 per row of v
  pitch: u32, // numbers per row of coefficients
  keep: u32, // 0 when nobody reads the coefficients
  margin: f32,
  epsilon: f32, // shorter vectors count as this long
  scale: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> v: array<vec4f>;
@group(0) @binding(2) var<storage, read> counts: array<u32>;
@group(0) @binding(3) var<storage, read> weights: array<f32>;
@group(0) @binding(4) var<storage, read_write> similarity: array<f32>;
@group(0) @binding(5) var<storage, read_write> coefficients: array<f32>;

// v_i . v_j and v_j . v_j, for rows i and j of v.
fn products(i: u32, j: u32) -> vec2f {
  var sums = vec2f();
  for (var c = 0u; c < params.quads; c++) {
    let other = v[j * params.quads + c];
    sums += vec2f(dot(v[i * params.quads + c], other), dot(other, other));
  }
  return sums;
}

/// What the user's similarity counts.
fn factorOf(user: u32) -> f32 {
  if (!weighted) {
    return 1.0;
  }
  var total = 0.0;
  for (var b = 0u; b < params.users; b++) {
    total += weights[b];
  }
  var share = 0.0;
  if (weights[user] > 0.0) {
    share = weights[user] / total;
  }
  return params.scale * share;
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let user = id.x + id.y * groups.x * 64u;
  if (user >= params.users) {
    return;
  }
  let count = min(counts[user], params.interests);
  let pairs = f32(max(count * (max(count, 1u) - 1u), 1u));
  let factor = factorOf(user);
  let first = user * params.interests;
  var sum = 0.0;
  for (var i = 0u; i < params.interests; i++) {
    let norm = max(sqrt(products(first + i, first + i).y), params.epsilon);
    var own = 0.0;
    for (var j = 0u; j < params.pitch; j++) {
      var coefficient = 0.0;
      if (i < count && j < count && i != j) {
        let both = products(first + i, first + j);
        let scale = 1.0 / norm / max(sqrt(both.y), params.epsilon);
        let cosine = both.x * scale;
        let excess = max(0.0, cosine - params.margin);
        sum += excess * excess;
        coefficient = factor * 4.0 * excess / pairs * scale;
        own -= factor * 4.0 * excess / pairs * cosine;
      }
      if (params.keep == 1u) {
        coefficients[(first + i) * params.pitch + j] = coefficient;
      }
    }
    if (params.keep == 1u && norm > params.epsilon) {
      coefficients[(first + i) * params.pitch + i] = own / norm / norm;
    }
  }
  if (weighted) {
    similarity[user] += factor * sum / pairs;
  } else {
    similarity[user] = sum / pairs;
  }
}
