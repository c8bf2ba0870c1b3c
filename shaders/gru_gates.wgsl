// One step of a GRU after its product p = h U + b (reset after the product, as cuDNN and PyTorch do):
//   r = sigmoid(x_r + p_r), z = sigmoid(x_z + p_z), n = tanh(x_n + r p_n), next = (1 - z) n + z h.
// One invocation owns four columns of one user. A user whose history is over keeps its state. At the first step h is 0 and
// p is the bias alone, which is written.
//   x        [batch, length, 3, h]  read; quads of the three gates one after the other
//   bias     [3, h]                 read
//   lengths  [batch]                read
//   states   [rows, h]              read, but for the first step, which writes zeros: h
//   p        [rows, 3, h]           read, but for the first step, which writes it
//   next     [nextRows, h]          write

override first: bool = false;

struct Params {
  batch: u32,
  rows: u32, // batch, rounded up; the states of the rows that are added stay 0
  nextRows: u32, // rows of next
  length: u32,
  step: u32,
  quads: u32, // vec4 per state
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;
@group(0) @binding(2) var<storage, read> bias: array<vec4f>;
@group(0) @binding(3) var<storage, read> lengths: array<u32>;
@group(0) @binding(4) var<storage, read_write> states: array<vec4f>;
@group(0) @binding(5) var<storage, read_write> p: array<vec4f>;
@group(0) @binding(6) var<storage, read_write> next: array<vec4f>;

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
  let known = min(user, params.batch - 1u);
  let source = (known * params.length + params.step) * 3u * params.quads + c;
  let gates = user * 3u * params.quads + c;
  var h = vec4f();
  if (first) {
    states[index] = h;
    for (var gate = 0u; gate < 3u; gate++) {
      p[gates + gate * params.quads] = bias[gate * params.quads + c];
    }
  } else {
    h = states[index];
  }
  let r = sigmoid(x[source] + p[gates]);
  let z = sigmoid(x[source + params.quads] + p[gates + params.quads]);
  let n = tanh(clamp(x[source + 2u * params.quads] + r * p[gates + 2u * params.quads], vec4f(-10.0), vec4f(10.0)));
  if (user < params.nextRows) {
    let moves = user < params.batch && params.step < lengths[known];
    next[index] = select(h, (1.0 - z) * n + z * h, moves);
  }
}
