import { matmul } from "../../src/ops/matmul.ts";
import type { DescribeKernels, KernelBenchmark } from "../kernel-benchmark.ts";
import { floats } from "../numbers.ts";

/** The H-layers' products, forward and as their gradients need them. The gradient of a product is products, so there is no backward row. */
const describe: DescribeKernels = ({ batch, interests, dimension }) => {
  const rows = batch * interests;
  const wide = 4 * dimension;
  return [...products(rows, dimension, wide), ...products(4 * rows, wide, dimension)];
};

function products(rows: number, inner: number, columns: number): KernelBenchmark[] {
  const forward = { flops: 2 * rows * inner * columns };
  const shape = `${rows} x ${inner} x ${columns}`;
  return [
    {
      name: "matmul",
      shape,
      feeds: () => ({ a: floats([rows, inner], 1), b: floats([inner, columns], 2) }),
      apply: ({ a, b }) => matmul(a!, b!),
      forward,
    },
    {
      name: "matmul transposeB",
      shape,
      feeds: () => ({ a: floats([rows, inner], 1), b: floats([columns, inner], 2) }),
      apply: ({ a, b }) => matmul(a!, b!, { transposeB: true }),
      forward,
    },
    {
      name: "matmul transposeA",
      shape: `${inner} x ${rows} x ${columns}`,
      feeds: () => ({ a: floats([rows, inner], 1), b: floats([rows, columns], 2) }),
      apply: ({ a, b }) => matmul(a!, b!, { transposeA: true }),
      forward,
    },
  ];
}

export default describe;
