import { route } from "../../src/ops/route.ts";
import type { DescribeKernels } from "../kernel-benchmark.ts";
import { routingFeeds, routingWork } from "../routing-workload.ts";

const describe: DescribeKernels = (sizes) => {
  const { batch, length, dimension, interests, iterations } = sizes;
  const { forward, backward } = routingWork(sizes);
  return [
    {
      name: "route",
      shape: `${batch} x ${length} x ${dimension}, K ${interests}, R ${iterations}`,
      feeds: () => routingFeeds(sizes),
      apply: ({ behaviours, transform, lengths, interestCounts, logits }) =>
        route(behaviours!, transform!, lengths!, interestCounts!, logits!, { iterations }),
      forward,
      backward: { ...backward, of: ["behaviours", "transform"] },
    },
  ];
};

export default describe;
