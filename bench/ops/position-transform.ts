import { positionTransform } from "../../src/ops/position-transform.ts";
import type { DescribeKernels } from "../kernel-benchmark.ts";
import { floats } from "../numbers.ts";

/** The votes of ComiRec-DR. */
const describe: DescribeKernels = ({ batch, length, dimension, interests }) => {
  const columns = interests * dimension;
  const flops = 2 * batch * length * dimension * columns;
  return [
    {
      name: "positionTransform",
      shape: `${batch} x ${length} x ${dimension} x ${columns}`,
      feeds: () => ({ x: floats([batch, length, dimension], 1), weights: floats([length, dimension, columns], 2) }),
      apply: ({ x, weights }) => positionTransform(x!, weights!),
      forward: { flops },
      backward: { flops: 2 * flops, of: ["x", "weights"] },
    },
  ];
};

export default describe;
