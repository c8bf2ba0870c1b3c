import { sampledSoftmaxLoss } from "../../src/ops/sampled-softmax-loss.ts";
import type { DescribeKernels, KernelBenchmark } from "../kernel-benchmark.ts";
import { counts, filled, floats, ids } from "../numbers.ts";

const describe: DescribeKernels = ({ batch, interests, dimension, negatives, items }) =>
  (interests === 1 ? [1] : [interests, 1]).map((k): KernelBenchmark => {
    const winnersProducts = 2 * batch * negatives * dimension;
    return {
      name: "sampledSoftmaxLoss",
      shape: `${batch} x K ${k} x ${dimension}, M ${negatives}`,
      feeds: () => ({
        interests: floats([batch, k, dimension], 1),
        interestCounts: counts(batch, k),
        negatives: floats([negatives, dimension], 2),
        positive: floats([batch, dimension], 3),
        targetIds: ids([batch], 4, 1, items),
        negativeIds: ids([negatives], 5, 1, items),
        weights: filled([batch], 1),
        logExpected: floats([items + 1], 6),
      }),
      apply: (values) => {
        const { interests: vectors, interestCounts, negatives: others, positive } = values;
        const { targetIds, negativeIds, weights, logExpected } = values;
        return sampledSoftmaxLoss({
          interests: vectors!,
          interestCounts: interestCounts!,
          negatives: others!,
          positive: positive!,
          targetIds: targetIds!,
          negativeIds: negativeIds!,
          weights: weights!,
          logExpected,
        });
      },
      forward: { flops: k * winnersProducts },
      backward: { flops: 2 * winnersProducts, of: ["interests", "negatives", "positive"] },
    };
  });

export default describe;
