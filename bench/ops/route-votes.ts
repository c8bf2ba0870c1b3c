import { routeVotes } from "../../src/ops/route-votes.ts";
import type { DescribeKernels } from "../kernel-benchmark.ts";
import { behaviourCounts, floats } from "../numbers.ts";

const describe: DescribeKernels = ({ batch, length, dimension, interests, iterations }) => {
  const votes = batch * length * interests * dimension;
  const weights = batch * length * interests;
  const sums = batch * interests * dimension;
  const h = 4 * Math.ceil(dimension / 4);
  return [
    {
      name: "routeVotes",
      shape: `${batch} x ${length} x ${h}, K ${interests}, R ${iterations}`,
      feeds: () => ({
        votes: floats([batch, length, interests * h], 1),
        lengths: { shape: [batch], data: behaviourCounts(batch, length) },
      }),
      apply: ({ votes: given, lengths }) => routeVotes(given!, lengths!, { interests, iterations }),
      forward: { flops: 2 * (2 * iterations - 1) * votes, bytes: 4 * (votes + weights + sums) },
      backward: { flops: votes, bytes: 4 * (votes + weights + sums), of: ["votes"] },
    },
  ];
};

export default describe;
