import { labelAwareAttention } from "../../src/ops/label-aware-attention.ts";
import type { DescribeKernels, KernelBenchmark } from "../kernel-benchmark.ts";
import { counts, floats } from "../numbers.ts";

const describe: DescribeKernels = ({ batch, interests, dimension }) => {
  const products = 2 * batch * interests * dimension;
  return (["hard", "scaled"] as const).map(
    (mode): KernelBenchmark => ({
      name: `labelAwareAttention ${mode}`,
      shape: `${batch} x ${interests} x ${dimension}`,
      feeds: () => ({
        interests: floats([batch, interests, dimension], 1),
        interestCounts: counts(batch, interests),
        label: floats([batch, dimension], 2),
      }),
      apply: ({ interests: capsules, interestCounts, label }) =>
        labelAwareAttention(capsules!, interestCounts!, label!, { mode }),
      forward: { flops: mode === "hard" ? products : 2 * products },
      backward: {
        flops: mode === "hard" ? 0 : 4 * products,
        of: mode === "hard" ? ["interests"] : ["interests", "label"],
      },
    }),
  );
};

export default describe;
