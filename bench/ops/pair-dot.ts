import { pairDot } from "../../src/ops/pair-dot.ts";
import type { DescribeKernels } from "../kernel-benchmark.ts";
import { floats } from "../numbers.ts";

const describe: DescribeKernels = ({ batch, dimension }) => {
  const elements = batch * dimension;
  return [
    {
      name: "pairDot",
      shape: `${batch} x ${dimension}`,
      feeds: () => ({ a: floats([batch, dimension], 1), b: floats([batch, dimension], 2) }),
      apply: ({ a, b }) => pairDot(a!, b!),
      forward: { flops: 2 * elements },
      backward: { flops: 2 * elements, of: ["a", "b"] },
    },
  ];
};

export default describe;
