import { linear } from "../../src/ops/linear.ts";
import type { DescribeKernels } from "../kernel-benchmark.ts";
import { floats } from "../numbers.ts";

const describe: DescribeKernels = ({ batch, interests, dimension }) => {
  const rows = batch * interests;
  const columns = 4 * dimension;
  const product = 2 * rows * dimension * columns;
  return [
    {
      name: "linear with ReLU",
      shape: `${rows} x ${dimension} x ${columns}`,
      feeds: () => ({
        x: floats([rows, dimension], 1),
        weights: floats([dimension, columns], 2),
        bias: floats([1, columns], 3),
      }),
      apply: ({ x, weights, bias }) => linear(x!, weights!, bias!, { relu: true }),
      forward: { flops: product },
      backward: { flops: 2 * product, of: ["x", "weights", "bias"] },
    },
  ];
};

export default describe;
