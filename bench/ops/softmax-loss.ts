import { softmaxLoss } from "../../src/ops/softmax-loss.ts";
import type { DescribeKernels } from "../kernel-benchmark.ts";
import { filled, floats, ids } from "../numbers.ts";

const describe: DescribeKernels = ({ batch, negatives, items }) => {
  const scores = batch * negatives;
  return [
    {
      name: "softmaxLoss",
      shape: `${batch} x M ${negatives}`,
      feeds: () => ({
        positive: floats([batch], 1),
        negatives: floats([batch, negatives], 2),
        targetIds: ids([batch], 3, 1, items),
        negativeIds: ids([negatives], 4, 1, items),
        weights: filled([batch], 1),
        logExpected: floats([items + 1], 5),
      }),
      apply: ({ positive, negatives: others, targetIds, negativeIds, weights, logExpected }) =>
        softmaxLoss({
          positive: positive!,
          negatives: others!,
          targetIds: targetIds!,
          negativeIds: negativeIds!,
          weights: weights!,
          logExpected: logExpected!,
        }),
      forward: { flops: 4 * scores, bytes: 4 * (scores + 4 * batch + 2 * negatives) },
      backward: {
        flops: 4 * scores,
        bytes: 4 * (2 * scores + 5 * batch + 2 * negatives),
        of: ["positive", "negatives"],
      },
    },
  ];
};

export default describe;
