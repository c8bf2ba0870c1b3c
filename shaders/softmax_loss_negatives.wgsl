// Sampled softmax, first step: the log q correction and the id of every negative, four to a vector.
// One invocation owns one negative. Those past the end get a correction that takes them out of every softmax.
//   ids          [negatives]      read
//   logExpected  [items]          read; not looked at unless `corrected` is 1
//   prepared     [2, negatives rounded up to 4]  write: bits of the corrections; ids

struct Params {
  negatives: u32,
  corrected: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> ids: array<u32>;
@group(0) @binding(2) var<storage, read> logExpected: array<f32>;
@group(0) @binding(3) var<storage, read_write> prepared: array<u32>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let m = id.x + id.y * groups.x * 64u;
  let pitch = (params.negatives + 3u) / 4u * 4u;
  if (m >= pitch) {
    return;
  }
  var correction = 3e38;
  var item = 0u;
  if (m < params.negatives) {
    item = ids[m];
    correction = 0.0;
    if (params.corrected == 1u) {
      correction = logExpected[item];
    }
  }
  prepared[m] = bitcast<u32>(correction);
  prepared[pitch + m] = item;
}
