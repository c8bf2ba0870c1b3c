import { squash } from "../../src/ops/squash.ts";
import type { DescribeKernels } from "../kernel-benchmark.ts";
import { floats } from "../numbers.ts";

const describe: DescribeKernels = ({ batch, interests, dimension }) => {
  const elements = batch * interests * dimension;
  return [
    {
      name: "squash",
      shape: `${batch * interests} x ${dimension}`,
      feeds: () => ({ z: floats([batch, interests, dimension], 1) }),
      apply: ({ z }) => squash(z!),
      forward: { flops: 3 * elements },
      backward: { flops: 7 * elements, of: ["z"] },
    },
  ];
};

export default describe;
