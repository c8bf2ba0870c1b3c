import { meanPool } from "../../src/ops/mean-pool.ts";
import type { DescribeKernels } from "../kernel-benchmark.ts";
import { behaviourCounts, floats, sum } from "../numbers.ts";

const describe: DescribeKernels = ({ batch, length, dimension }) => {
  const lengths = behaviourCounts(batch, length);
  const elements = sum(lengths) * dimension;
  const users = batch * dimension;
  return [
    {
      name: "meanPool",
      shape: `${batch} x ${length} x ${dimension}`,
      feeds: () => ({ rows: floats([batch, length, dimension], 1), lengths: { shape: [batch], data: lengths } }),
      apply: ({ rows, lengths: given }) => meanPool(rows!, given!),
      forward: { flops: elements, bytes: 4 * (elements + users) },
      backward: { flops: users, bytes: 4 * (users + batch * length * dimension), of: ["rows"] },
    },
  ];
};

export default describe;
