import { sequenceSoftmax } from "../../src/ops/sequence-softmax.ts";
import type { DescribeKernels } from "../kernel-benchmark.ts";
import { behaviourCounts, floats } from "../numbers.ts";

const describe: DescribeKernels = ({ batch, length, interests }) => {
  const elements = batch * length * interests;
  return [
    {
      name: "sequenceSoftmax",
      shape: `${batch} x ${length}, K ${interests}`,
      feeds: () => ({
        x: floats([batch, length, interests], 1),
        lengths: { shape: [batch], data: behaviourCounts(batch, length) },
      }),
      apply: ({ x, lengths }) => sequenceSoftmax(x!, lengths!),
      forward: { flops: 4 * elements, bytes: 8 * elements },
      backward: { flops: 4 * elements, bytes: 12 * elements, of: ["x"] },
    },
  ];
};

export default describe;
