import { fullSoftmaxLoss } from "../../src/ops/full-softmax-loss.ts";
import type { DescribeKernels } from "../kernel-benchmark.ts";
import { filled, floats, ids } from "../numbers.ts";

const describe: DescribeKernels = ({ batch, items }) => {
  const scores = batch * items;
  return [
    {
      name: "fullSoftmaxLoss",
      shape: `${batch} x V ${items}`,
      feeds: () => ({
        scores: floats([batch, items + 1], 1),
        targetIds: ids([batch], 2, 1, items),
        weights: filled([batch], 1),
      }),
      apply: ({ scores: logits, targetIds, weights }) => fullSoftmaxLoss(logits!, targetIds!, weights!),
      forward: { flops: 3 * scores },
      backward: { flops: 3 * scores, of: ["scores"] },
    },
  ];
};

export default describe;
