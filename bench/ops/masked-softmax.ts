import { maskedSoftmax } from "../../src/ops/masked-softmax.ts";
import type { DescribeKernels } from "../kernel-benchmark.ts";
import { behaviourCounts, floats } from "../numbers.ts";

const describe: DescribeKernels = ({ batch, length, interests }) => {
  const rows = batch * interests;
  return [
    {
      name: "maskedSoftmax",
      shape: `${rows} x ${length}`,
      feeds: () => ({
        x: floats([rows, length], 1),
        lengths: { shape: [rows], data: behaviourCounts(rows, length) },
      }),
      apply: ({ x, lengths }) => maskedSoftmax(x!, lengths!),
      forward: { flops: 4 * rows * length },
      backward: { flops: 4 * rows * length, of: ["x"] },
    },
  ];
};

export default describe;
