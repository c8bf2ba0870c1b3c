import { l2Normalise } from "../../src/ops/l2-normalise.ts";
import type { DescribeKernels } from "../kernel-benchmark.ts";
import { floats } from "../numbers.ts";

const describe: DescribeKernels = ({ batch, interests, dimension }) => {
  const elements = batch * interests * dimension;
  return [
    {
      name: "l2Normalise",
      shape: `${batch * interests} x ${dimension}`,
      feeds: () => ({ x: floats([batch, interests, dimension], 1) }),
      apply: ({ x }) => l2Normalise(x!),
      forward: { flops: 3 * elements },
      backward: { flops: 7 * elements, of: ["x"] },
    },
  ];
};

export default describe;
