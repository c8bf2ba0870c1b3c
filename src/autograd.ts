import { fail } from "./errors.ts";
import type { Gradient, RowGradientPart, Value } from "./graph/graph.ts";
import { elementCount, formatShape } from "./graph/shape.ts";
import { add } from "./ops/add.ts";
import { rowsToDense } from "./ops/rows-to-dense.ts";

/**
 * Extends the graph by reverse-mode differentiation of a scalar.
 * @param loss a value of one element
 * @param of the values to differentiate for
 * @returns one gradient for each value that the loss depends on: dense, or by rows for tables that were only gathered from
 */
export function gradients(loss: Value, of: readonly Value[]): Map<Value, Gradient> {
  if (elementCount(loss.shape) !== 1)
    fail(`gradients: expected a loss of one element, got shape ${formatShape(loss.shape)}`);
  const { graph } = loss;
  const one = graph.constant(`gradient.${graph.values.length}`, loss.shape, new Float32Array(1).fill(1));
  return backpropagate(new Map([[loss, one]]), of);
}

/**
 * Extends the graph by the product of upstream gradients with the derivative of their values.
 * @param upstream the gradient of each value to start from, in its shape
 * @param of the values to differentiate for
 */
export function backpropagate(upstream: ReadonlyMap<Value, Value>, of: readonly Value[]): Map<Value, Gradient> {
  const graph = of[0]?.graph ?? fail("gradients: expected at least one value to differentiate for");
  const forward = [...graph.nodes];
  const reaching = new Set<Value>(of);
  for (const node of forward) {
    if (node.inputs.some((input) => reaching.has(input))) for (const output of node.outputs) reaching.add(output);
  }
  const flowing = new Map<Value, Gradient>(upstream);
  for (const node of forward.toReversed()) {
    if (!node.outputs.some((output) => flowing.has(output)) || !node.inputs.some((input) => reaching.has(input)))
      continue;
    if (!node.op.gradient) fail(`gradients: ${node.op.name} has no gradient rule`);
    const given = node.outputs.map((output) => denseOf(flowing.get(output), output));
    for (const [i, gradient] of node.op.gradient(node, given).entries()) {
      const input = node.inputs[i]!;
      if (gradient === null || !reaching.has(input)) continue;
      flowing.set(input, accumulate(flowing.get(input), gradient, input));
    }
  }
  return new Map(of.flatMap((value) => (flowing.has(value) ? [[value, flowing.get(value)!] as const] : [])));
}

function denseOf(gradient: Gradient | undefined, value: Value): Value | null {
  if (gradient === undefined) return null;
  if ("parts" in gradient)
    fail(`gradients: ${value.name} is computed, and rows were gathered from it; gather from parameters`);
  return gradient;
}

function accumulate(sum: Gradient | undefined, gradient: Gradient, value: Value): Gradient {
  if (sum === undefined) return gradient;
  if ("parts" in sum && "parts" in gradient)
    return { parts: [...sum.parts, ...gradient.parts] satisfies RowGradientPart[] };
  return add(wholeOf(sum, value), wholeOf(gradient, value));
}

/** A table that is used both whole and by rows gets a dense gradient. */
function wholeOf(gradient: Gradient, table: Value): Value {
  return "parts" in gradient ? rowsToDense(gradient.parts, table.shape[0]!) : gradient;
}
