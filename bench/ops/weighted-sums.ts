import { weightedSums } from "../../src/ops/weighted-sums.ts";
import type { DescribeKernels } from "../kernel-benchmark.ts";
import { floats } from "../numbers.ts";

const describe: DescribeKernels = ({ batch, length, dimension, interests }) => {
  const flops = 2 * batch * length * interests * dimension;
  const rows = batch * length * (dimension + interests);
  const sums = batch * interests * dimension;
  return [
    {
      name: "weightedSums",
      shape: `${batch} x ${length} x ${dimension}, K ${interests}`,
      feeds: () => ({
        weights: floats([batch, length, interests], 1),
        rows: floats([batch, length, dimension], 2),
      }),
      apply: ({ weights, rows: behaviours }) => weightedSums(weights!, behaviours!),
      forward: { flops, bytes: 4 * (rows + sums) },
      backward: { flops: 2 * flops, bytes: 4 * (2 * rows + sums), of: ["weights", "rows"] },
    },
  ];
};

export default describe;
