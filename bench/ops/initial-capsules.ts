import { initialCapsules } from "../../src/ops/initial-capsules.ts";
import type { DescribeKernels } from "../kernel-benchmark.ts";
import { floats } from "../numbers.ts";

const describe: DescribeKernels = ({ batch, length, dimension, interests }) => {
  const choice = 3 * batch * interests * length * dimension;
  const flops = { "max-min": choice, markov: choice + 2 * batch * length * length * dimension };
  return (["max-min", "markov"] as const).map((method) => ({
    name: `initialCapsules, ${method}`,
    shape: `${batch} x ${length} x ${dimension}, K ${interests}`,
    feeds: () => ({
      behaviours: floats([batch, length, dimension], 1),
      lengths: { shape: [batch], data: new Uint32Array(batch).fill(length) },
      limits: { shape: [batch], data: new Uint32Array(batch).fill(interests) },
    }),
    apply: ({ behaviours, lengths, limits }) => {
      const result = initialCapsules(behaviours!, lengths!, limits!, { interests, method });
      return [result.capsules, result.interestCounts];
    },
    forward: { flops: flops[method] },
  }));
};

export default describe;
