import { interestSimilarity } from "../../src/ops/interest-similarity.ts";
import type { DescribeKernels } from "../kernel-benchmark.ts";
import { counts, floats } from "../numbers.ts";

const describe: DescribeKernels = ({ batch, interests, dimension }) => {
  const products = (batch * interests * (interests + 1)) / 2;
  return [
    {
      name: "interestSimilarity",
      shape: `${batch} x K ${interests} x ${dimension}`,
      feeds: () => ({
        interests: floats([batch, interests, dimension], 1),
        interestCounts: counts(batch, interests),
      }),
      apply: ({ interests: vectors, interestCounts }) => interestSimilarity(vectors!, interestCounts!),
      forward: { flops: 2 * products * dimension },
      backward: { flops: 2 * batch * interests * interests * dimension, of: ["interests"] },
    },
  ];
};

export default describe;
