import { embeddingBag, embeddingBagBackward } from "../../src/ops/embedding-bag.ts";
import type { DescribeKernels } from "../kernel-benchmark.ts";
import { filled, floats, ids } from "../numbers.ts";

const featuresPerItem = 4;

const describe: DescribeKernels = ({ batch, length, dimension, items }) => {
  const rows = batch * length;
  const shape = `${rows} of ${items} x ${dimension}, ${featuresPerItem} features`;
  return [
    {
      name: "embeddingBag",
      shape,
      feeds: () => ({
        table: floats([items + 1, dimension], 1),
        members: ids([items + 1, featuresPerItem], 2, 1, items),
        ids: ids([batch, length], 3, 1, items),
      }),
      apply: ({ table, members, ids: itemIds }) => embeddingBag(table!, members!, itemIds!),
      forward: {
        flops: rows * featuresPerItem * dimension,
        bytes: 4 * rows * (dimension * (featuresPerItem + 1) + featuresPerItem + 1),
      },
    },
    {
      name: "embeddingBag rows",
      shape,
      feeds: () => ({ upstream: floats([batch, length, dimension], 1), share: filled([rows], 1 / featuresPerItem) }),
      apply: ({ upstream, share }) => embeddingBagBackward(upstream!, share!),
      forward: { flops: rows * dimension },
    },
  ];
};

export default describe;
