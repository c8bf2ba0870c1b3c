import { weightedMean } from "../../src/ops/weighted-mean.ts";
import type { DescribeKernels } from "../kernel-benchmark.ts";
import { filled, floats } from "../numbers.ts";

const describe: DescribeKernels = ({ batch }) => [
  {
    name: "weightedMean",
    shape: `${batch}`,
    feeds: () => ({ x: floats([batch], 1), weights: filled([batch], 1) }),
    apply: ({ x, weights }) => weightedMean(x!, weights!),
    forward: { flops: 3 * batch },
    backward: { flops: 2 * batch, of: ["x"] },
  },
];

export default describe;
