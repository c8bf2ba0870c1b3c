import { routingVariance } from "../../src/ops/routing-variance.ts";
import type { DescribeKernels } from "../kernel-benchmark.ts";
import { counts, floats } from "../numbers.ts";

const describe: DescribeKernels = ({ batch, length, dimension, interests }) => {
  const weights = batch * length * interests;
  return [
    {
      name: "routingVariance",
      shape: `${batch} x ${length}, K ${interests}`,
      feeds: () => ({ weights: floats([batch, length, interests], 1), lengths: counts(batch, length) }),
      apply: ({ weights: given, lengths }) => routingVariance(given!, lengths!, dimension),
      forward: { flops: 4 * weights },
      backward: { flops: 3 * weights, bytes: 8 * weights, of: ["weights"] },
    },
  ];
};

export default describe;
