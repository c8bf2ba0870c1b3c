import { rankTargets } from "../../src/ops/rank-targets.ts";
import type { DescribeKernels } from "../kernel-benchmark.ts";
import { floats, ids } from "../numbers.ts";

/** One target of each user among the whole catalogue, with what the user has seen left out. */
const describe: DescribeKernels = ({ batch, length, items }) => [
  {
    name: "rankTargets",
    shape: `${batch} x V ${items}, ${length} seen`,
    feeds: () => ({
      scores: floats([batch, items + 1], 1),
      targets: ids([batch, 1], 2, 1, items),
      excluded: ids([batch, length], 3, 0, items),
    }),
    apply: ({ scores, targets, excluded }) => rankTargets(scores!, targets!, excluded!),
    forward: { flops: batch * items },
  },
];

export default describe;
