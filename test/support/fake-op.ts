import { gridOf, read, u32, write } from "../../src/graph/dispatch.ts";
import type { Graph, KernelFamily, Op, Value } from "../../src/graph/graph.ts";
import { bufferElements } from "../../src/graph/shape.ts";

/** A kernel that stores `expression`, of the quad `x`, in each quad of a value. */
const code = (expression: string) => `
struct Params { quads: u32 }
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> input: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> output: array<vec4f>;
@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  if (id.x >= params.quads) { return; }
  let x = input[id.x];
  output[id.x] = ${expression};
}`;

/** A family of {@link doubleOp} whose kernel stores an expression of `x`. */
export function familyWith(name: string, expression: string, more: Partial<KernelFamily> = {}): KernelFamily {
  return {
    name,
    ...more,
    kernels({ inputs: [input], outputs: [output] }) {
      const quads = bufferElements(input!.shape, "f32") / 4;
      return [
        {
          shader: { name: `double_${name}`, code: code(expression) },
          params: { quads: u32(quads) },
          bindings: [read(input!), write(output!)],
          workgroups: gridOf(quads),
        },
      ];
    },
  };
}

/** An op that doubles what it is given, by whichever families a test wants. */
export function double(graph: Graph, x: Value, families: readonly KernelFamily[]): Value {
  const op: Op = {
    name: "double",
    outputs: ([input]) => [{ shape: input!.shape }],
    reference: ([input]) => [(input!.data as Float64Array).map((value) => 2 * value)],
    families,
  };
  return graph.apply(op, [x], undefined)[0]!;
}
