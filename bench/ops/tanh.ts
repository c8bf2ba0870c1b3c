import { tanh } from "../../src/ops/tanh.ts";
import type { DescribeKernels } from "../kernel-benchmark.ts";
import { floats } from "../numbers.ts";

const describe: DescribeKernels = ({ batch, length, dimension }) => {
  const elements = batch * length * dimension;
  return [
    {
      name: "tanh",
      shape: `${batch * length} x ${dimension}`,
      feeds: () => ({ x: floats([batch * length, dimension], 1) }),
      apply: ({ x }) => tanh(x!),
      forward: { flops: elements, bytes: 8 * elements },
      backward: { flops: 3 * elements, bytes: 12 * elements, of: ["x"] },
    },
  ];
};

export default describe;
