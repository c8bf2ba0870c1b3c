import type { Op, Tensor, Value } from "../graph/graph.ts";
import { lastDimension, requireShapes, rowCount } from "../graph/shape.ts";
import * as reference from "../reference/matmul.ts";
import { productFamilies } from "./matmul-kernels.ts";
import { transposedFamilies, transposedScratch } from "./matmul-transpose-a.ts";

export interface MatmulOptions {
  readonly transposeA?: boolean;
  readonly transposeB?: boolean;
}

/**
 * Matrix product; leading dimensions count as rows.
 * @param a `[..., inner]`, or `[inner..., rows]` with `transposeA`: the sum then runs over all leading dimensions
 * @param b `[inner, columns]`, or `[columns, inner]` with `transposeB`
 * @returns `[..., columns]`; `[rows, columns]` with `transposeA`
 */
export function matmul(a: Value, b: Value, options: MatmulOptions = {}): Value {
  const { transposeA = false, transposeB = false } = options;
  requireShapes(!(transposeA && transposeB), "matmul", "at most one factor transposed", { a: a.shape, b: b.shape });
  const fits = transposeA
    ? rowCount(a.shape) === rowCount(b.shape) && a.shape.length >= 2 && b.shape.length >= 2
    : a.shape.length >= 2 && b.shape.length === 2 && lastDimension(a.shape) === b.shape[transposeB ? 1 : 0];
  requireShapes(fits, "matmul", expectedShapes(transposeA, transposeB), { a: a.shape, b: b.shape });
  return a.graph.apply(transposeA ? transposeAOp : transposeB ? transposeBOp : plainOp, [a, b], undefined)[0]!;
}

function expectedShapes(transposeA: boolean, transposeB: boolean): string {
  if (transposeA) return "a [inner, rows] and b [inner, columns]";
  return transposeB ? "a [..., inner] and b [columns, inner]" : "a [..., inner] and b [inner, columns]";
}

const data = (tensor: Tensor) => tensor.data as Float64Array;

const plainOp: Op<undefined> = {
  name: "matmul",
  outputs: ([a, b]) => [{ shape: [...a!.shape.slice(0, -1), b!.shape[1]!] }],
  gradient: ({ inputs: [a, b] }, [dc]) => [
    matmul(dc!, b!, { transposeB: true }),
    matmul(a!, dc!, { transposeA: true }),
  ],
  reference: ([a, b]) => [reference.matmul(data(a!), data(b!), rowCount(a!.shape), b!.shape[0]!, b!.shape[1]!)],
  families: productFamilies(({ inputs: [a, b], outputs: [c] }) => ({ a: a!, b: b!, c: c! })),
};

const transposeBOp: Op<undefined> = {
  name: "matmulTransposeB",
  outputs: ([a, b]) => [{ shape: [...a!.shape.slice(0, -1), b!.shape[0]!] }],
  gradient: ({ inputs: [a, b] }, [dc]) => [matmul(dc!, b!), matmul(dc!, a!, { transposeA: true })],
  reference([a, b]) {
    const [columns, inner] = b!.shape as [number, number];
    const transposed = reference.transpose(data(b!), columns, inner);
    return [reference.matmul(data(a!), transposed, rowCount(a!.shape), inner, columns)];
  },
  families: productFamilies(({ inputs: [a, b], outputs: [c] }) => ({ a: a!, b: b!, c: c!, transposeB: true })),
};

const transposeAOp: Op<undefined> = {
  name: "matmulTransposeA",
  outputs: ([a, b]) => [{ shape: [lastDimension(a!.shape), lastDimension(b!.shape)] }],
  scratch: ([a, b]) => transposedScratch({ a: a!, b: b! }),
  gradient: ({ inputs: [a, b] }, [dc]) => [matmul(b!, dc!, { transposeB: true }), matmul(a!, dc!)],
  reference([a, b]) {
    const inner = rowCount(a!.shape);
    const rows = lastDimension(a!.shape);
    const transposed = reference.transpose(data(a!), inner, rows);
    return [reference.matmul(transposed, data(b!), rows, inner, lastDimension(b!.shape))];
  },
  families: transposedFamilies(),
};
