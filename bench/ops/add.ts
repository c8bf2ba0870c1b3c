import { add } from "../../src/ops/add.ts";
import type { DescribeKernels } from "../kernel-benchmark.ts";
import { floats } from "../numbers.ts";

/** Adds two gradients of the behaviours. Its own gradient is its upstream, so there is no backward row. */
const describe: DescribeKernels = ({ batch, length, dimension }) => {
  const shape = [batch * length, dimension];
  return [
    {
      name: "add",
      shape: shape.join(" x "),
      feeds: () => ({ a: floats(shape, 1), b: floats(shape, 2) }),
      apply: ({ a, b }) => add(a!, b!),
      forward: { flops: batch * length * dimension },
    },
  ];
};

export default describe;
