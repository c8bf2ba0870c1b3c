import { listSoftmaxLoss } from "../../src/ops/list-softmax-loss.ts";
import type { DescribeKernels } from "../kernel-benchmark.ts";
import { counts, filled, floats, ids } from "../numbers.ts";

/** Negatives of a list; those of torch-rechub's examples are as short. */
const length = 10;

const describe: DescribeKernels = ({ batch, interests: k, dimension, items }) => {
  const products = 2 * batch * (1 + length) * dimension;
  return [
    {
      name: "listSoftmaxLoss",
      shape: `${batch} x K ${k} x ${dimension}, lists of ${length}`,
      feeds: () => ({
        interests: floats([batch, k, dimension], 1),
        interestCounts: counts(batch, k),
        negatives: floats([batch, length, dimension], 2),
        positive: floats([batch, dimension], 3),
        targetIds: ids([batch], 4, 1, items),
        negativeIds: ids([batch, length], 5, 1, items),
        weights: filled([batch], 1),
      }),
      apply: ({ interests, interestCounts, negatives, positive, targetIds, negativeIds, weights }) =>
        listSoftmaxLoss({
          interests: interests!,
          interestCounts: interestCounts!,
          negatives: negatives!,
          positive: positive!,
          targetIds: targetIds!,
          negativeIds: negativeIds!,
          weights: weights!,
        }),
      forward: { flops: k * products },
      backward: { flops: 2 * products, of: ["interests", "negatives", "positive"] },
    },
  ];
};

export default describe;
