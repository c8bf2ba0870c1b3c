import { bestItems } from "../../src/ops/best-items.ts";
import type { DescribeKernels } from "../kernel-benchmark.ts";
import { counts, floats, ids, sortedRows } from "../numbers.ts";

/** The 100 best items of the whole catalogue for each user, without those of the history. */
const describe: DescribeKernels = ({ batch, length, items, interests, dimension }) => {
  const top = Math.min(100, items);
  return [
    {
      name: "bestItems",
      shape: `${batch} x K ${interests} x ${dimension}, V ${items}, top ${top}`,
      feeds: () => ({
        interests: floats([batch, interests, dimension], 1),
        interestCounts: counts(batch, interests),
        table: floats([items + 1, dimension], 2),
        hidden: sortedRows(ids([batch, length], 3, 0, items)),
      }),
      apply: ({ interests: vectors, interestCounts, table, hidden }) => {
        const { items: best, scores } = bestItems(vectors!, interestCounts!, table!, { top, hidden: hidden! });
        return [best, scores];
      },
      forward: { flops: 2 * batch * interests * items * dimension },
    },
  ];
};

export default describe;
