import { inverseNorms } from "../../src/ops/inverse-norms.ts";
import type { DescribeKernels } from "../kernel-benchmark.ts";
import { floats } from "../numbers.ts";

const describe: DescribeKernels = ({ batch, length, dimension }) => {
  const rows = batch * length;
  return [
    {
      name: "inverseNorms",
      shape: `${rows} x ${dimension} x ${dimension}`,
      feeds: () => ({ x: floats([batch, length, dimension], 1), transform: floats([dimension, dimension], 2) }),
      apply: ({ x, transform }) => inverseNorms(x!, transform!),
      forward: { flops: 2 * rows * dimension * (dimension + 1) },
      backward: { flops: 4 * rows * dimension * dimension, of: ["x", "transform"] },
    },
  ];
};

export default describe;
