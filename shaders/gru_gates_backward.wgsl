// One step of a GRU backward, up to its product; what the product by U^T makes of dp reaches the step before as `back`.
//   dn = dh (1 - z) (1 - n^2);  dx_r = dp_r = dn p_n r (1 - r);  dx_z = dp_z = dh (h - n) z (1 - z);  dx_n = dn;  dp_n = dn r
//   h receives dh z beside the product. Where a user's history is over, dh passes through and the rest is 0.
// One invocation owns four columns of one user; `direct` is read and written in place.
//   x        [batch, length, 3, h]  read         dx      [batch, length, 3, h]  write, one step of it
//   lengths  [batch]                read         dp      [rows, 3, h]           write; added rows get 0
//   states   [rows, h]              read: h      direct  [rows, h]              read and write
//   p        [rows, 3, h]           read
//   back     [rows, h]              read: upstream is direct + back; but for the last step, where it is
//   upstream [batch, h]             read: the gradient of the final state

override last: bool = false;

struct Params {
  batch: u32,
  rows: u32,
  length: u32,
  step: u32,
  quads: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;
@group(0) @binding(2) var<storage, read> lengths: array<u32>;
@group(0) @binding(3) var<storage, read> states: array<vec4f>;
@group(0) @binding(4) var<storage, read> p: array<vec4f>;
@group(0) @binding(5) var<storage, read> back: array<vec4f>;
@group(0) @binding(6) var<storage, read> upstream: array<vec4f>;
@group(0) @binding(7) var<storage, read_write> dx: array<vec4f>;
@group(0) @binding(8) var<storage, read_write> dp: array<vec4f>;
@group(0) @binding(9) var<storage, read_write> direct: array<vec4f>;

fn sigmoid(value: vec4f) -> vec4f {
  return 1.0 / (1.0 + exp(-max(value, vec4f(-80.0))));
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let index = id.x + id.y * groups.x * 64u;
  let user = index / params.quads;
  if (user >= params.rows) {
    return;
  }
  let c = index % params.quads;
  let gates = user * 3u * params.quads + c;
  if (user >= params.batch) {
    for (var gate = 0u; gate < 3u; gate++) {
      dp[gates + gate * params.quads] = vec4f();
    }
    direct[index] = vec4f();
    return;
  }
  var dh = vec4f();
  if (last) {
    dh = upstream[index];
  } else {
    dh = direct[index] + back[index];
  }
  let source = (user * params.length + params.step) * 3u * params.quads + c;
  let h = states[index];
  let pn = p[gates + 2u * params.quads];
  let r = sigmoid(x[source] + p[gates]);
  let z = sigmoid(x[source + params.quads] + p[gates + params.quads]);
  let n = tanh(clamp(x[source + 2u * params.quads] + r * pn, vec4f(-10.0), vec4f(10.0)));
  let moves = vec4<bool>(params.step < lengths[user]);
  let dn = select(vec4f(), dh * (1.0 - z) * (1.0 - n * n), moves);
  let dr = dn * pn * r * (1.0 - r);
  let dz = select(vec4f(), dh * (h - n) * z * (1.0 - z), moves);
  dx[source] = dr;
  dx[source + params.quads] = dz;
  dx[source + 2u * params.quads] = dn;
  dp[gates] = dr;
  dp[gates + params.quads] = dz;
  dp[gates + 2u * params.quads] = dn * r;
  direct[index] = select(dh, dh * z, moves);
}
