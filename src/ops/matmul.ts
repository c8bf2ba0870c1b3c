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

const maskedTransposeBOp: Op<undefined> = {
  name: "matmulTransposeBMasked",
  outputs: transposeBOp.outputs,
  reference([a, b, mask], attributes) {
    const [product] = transposeBOp.reference([a!, b!], attributes);
    return [reference.masked(product as Float64Array, data(mask!))];
  },
  families: productFamilies(({ inputs: [a, b, mask], outputs: [c] }) => {
    return { a: a!, b: b!, c: c!, transposeB: true, mask: mask! };
  }),
};

/** If `product` is an a b^T: the same but 0 where `mask`, of its shape, is not positive, in one kernel. */
export function maskedProduct(product: Value, mask: Value): Value | undefined {
  if (product.node?.op !== transposeBOp) return undefined;
  return product.graph.apply(maskedTransposeBOp, [...product.node.inputs, mask], undefined)[0]!;
}

const transposeASumsOp: Op<undefined> = {
  name: "matmulTransposeASums",
  outputs: ([a, b]) => [
    { shape: [lastDimension(a!.shape), lastDimension(b!.shape)] },
    { shape: [1, lastDimension(b!.shape)] },
  ],
  scratch: ([a, b]) => transposedScratch({ a: a!, b: b! }),
  reference([a, b]) {
    const inner = rowCount(a!.shape);
    const [rows, columns] = [lastDimension(a!.shape), lastDimension(b!.shape)];
    const transposed = reference.transpose(data(a!), inner, rows);
    return [reference.matmul(transposed, data(b!), rows, inner, columns), reference.columnSums(data(b!), columns)];
  },
  families: transposedFamilies(),
};

/** a^T b, summed over all leading dimensions, and with it the sums of the columns of b, `[1, columns]`. */
export function productAndSums(a: Value, b: Value): { product: Value; sums: Value } {
  const [product, sums] = a.graph.apply(transposeASumsOp, [a, b], undefined);
  return { product: product!, sums: sums! };
}

/** The product alone: nobody reads the sums, so no kernel writes them. */
const transposeAOp: Op<undefined> = {
  ...transposeASumsOp,
  name: "matmulTransposeA",
  gradient: ({ inputs: [a, b] }, [dc]) => [matmul(b!, dc!, { transposeB: true }), matmul(a!, dc!)],
};
