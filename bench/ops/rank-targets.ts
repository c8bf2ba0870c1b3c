import { rankTargets } from "../../src/ops/rank-targets.ts";
import type { DescribeKernels } from "../kernel-benchmark.ts";
import { counts, floats, ids, sortedRows } from "../numbers.ts";

/** One target of each user among the whole catalogue, with what the user has seen left out. */
const describe: DescribeKernels = ({ batch, length, items, interests, dimension }) => [
  {
    name: "rankTargets",
    shape: `${batch} x K ${interests} x ${dimension}, V ${items}, ${length} seen`,
    feeds: () => ({
      interests: floats([batch, interests, dimension], 1),
      interestCounts: counts(batch, interests),
      table: floats([items + 1, dimension], 2),
      targets: ids([batch, 1], 3, 1, items),
      excluded: sortedRows(ids([batch, length], 4, 0, items)),
    }),
    apply: ({ interests: vectors, interestCounts, table, targets, excluded }) =>
      rankTargets(vectors!, interestCounts!, table!, targets!, excluded!),
    forward: { flops: 2 * batch * interests * items * dimension },
  },
];

export default describe;
