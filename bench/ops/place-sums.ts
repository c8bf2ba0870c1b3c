import { placeSums } from "../../src/ops/place-sums.ts";
import type { DescribeKernels } from "../kernel-benchmark.ts";
import { floats } from "../numbers.ts";

const places = 20;

/** The sums of each user's latest behaviours, one for each interest. */
const describe: DescribeKernels = ({ batch, interests, dimension }) => {
  const flops = 2 * batch * interests * places * dimension;
  return [
    {
      name: "placeSums",
      shape: `${batch} x ${places} x ${dimension}, K ${interests}`,
      feeds: () => ({
        rows: floats([batch, places, dimension], 1),
        weights: floats([interests, places, dimension], 2),
      }),
      apply: ({ rows, weights }) => placeSums(rows!, weights!),
      forward: { flops },
      backward: { flops: 2 * flops, of: ["rows", "weights"] },
    },
  ];
};

export default describe;
