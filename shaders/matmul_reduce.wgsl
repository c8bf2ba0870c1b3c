// Adds up the parts of a product, and of the sums that came with it, in order: c = sum over p of partial[p].
// One invocation owns four elements of c or, behind those, of the sums.
//   partial      [parts, count / 4]  read
//   partialSums  [parts, columns]    read, when sumQuads is not 0
//   c            [count / 4]         write
//   sums         [columns]           write, when sumQuads is not 0

struct Params {
  parts: u32,
  quads: u32,
  sumQuads: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> partial: array<vec4f>;
@group(0) @binding(2) var<storage, read> partialSums: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> c: array<vec4f>;
@group(0) @binding(4) var<storage, read_write> sums: array<vec4f>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.x + id.y * groups.x * 64u;
  var total = vec4f();
  if (i < params.quads) {
    for (var part = 0u; part < params.parts; part++) {
      total += partial[part * params.quads + i];
    }
    c[i] = total;
  } else if (i - params.quads < params.sumQuads) {
    for (var part = 0u; part < params.parts; part++) {
      total += partialSums[part * params.sumQuads + i - params.quads];
    }
    sums[i - params.quads] = total;
  }
}
