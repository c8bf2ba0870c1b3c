// Copies one array to another, to learn what the memory of an adapter gives.
// One invocation copies `perInvocation` vectors, `stride` apart, so that neighbours read neighbours.
//   source  [perInvocation * stride]  read
//   target  [perInvocation * stride]  write

struct Params {
  stride: u32,
  perInvocation: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> source: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> target_: array<vec4f>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let first = id.x;
  if (first >= params.stride) {
    return;
  }
  for (var i = 0u; i < params.perInvocation; i++) {
    let at = first + i * params.stride;
    target_[at] = source[at];
  }
}
