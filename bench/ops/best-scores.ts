import { bestScores } from "../../src/ops/best-scores.ts";
import type { DescribeKernels, KernelBenchmark } from "../kernel-benchmark.ts";
import { counts, floats } from "../numbers.ts";

const describe: DescribeKernels = ({ batch, interests, dimension, negatives }) =>
  (interests === 1 ? [1] : [interests, 1]).map((k): KernelBenchmark => {
    const winnersProducts = 2 * batch * negatives * dimension;
    return {
      name: "bestScores",
      shape: `${batch} x K ${k} x ${dimension}, M ${negatives}`,
      feeds: () => ({
        interests: floats([batch, k, dimension], 1),
        interestCounts: counts(batch, k),
        candidates: floats([negatives, dimension], 2),
      }),
      apply: ({ interests: vectors, interestCounts, candidates }) =>
        bestScores(vectors!, interestCounts!, candidates!).scores,
      forward: { flops: k * winnersProducts },
      backward: { flops: 2 * winnersProducts, of: ["interests", "candidates"] },
    };
  });

export default describe;
