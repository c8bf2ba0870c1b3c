import { multiply } from "../../src/ops/multiply.ts";
import type { DescribeKernels } from "../kernel-benchmark.ts";
import { floats } from "../numbers.ts";

/** Scales the behaviours by what their places have learned. */
const describe: DescribeKernels = ({ batch, length, dimension }) => {
  const shape = [batch * length, dimension];
  const flops = batch * length * dimension;
  return [
    {
      name: "multiply",
      shape: shape.join(" x "),
      feeds: () => ({ a: floats(shape, 1), b: floats(shape, 2) }),
      apply: ({ a, b }) => multiply(a!, b!),
      forward: { flops },
      backward: { flops: 2 * flops, of: ["a", "b"] },
    },
  ];
};

export default describe;
