import { gather } from "../../src/ops/gather.ts";
import type { DescribeKernels } from "../kernel-benchmark.ts";
import { floats, ids } from "../numbers.ts";

/** The histories' rows. The gradient is given by rows; what sums them is measured as `rowsToDense` and `adam rows`. */
const describe: DescribeKernels = ({ batch, length, dimension, items }) => {
  const rows = batch * length;
  return [
    {
      name: "gather",
      shape: `${rows} of ${items} x ${dimension}`,
      feeds: () => ({ table: floats([items + 1, dimension], 1), ids: ids([batch, length], 2, 0, items) }),
      apply: ({ table, ids: rowIds }) => gather(table!, rowIds!),
      forward: { flops: 0, bytes: 4 * rows * (2 * dimension + 1) },
    },
  ];
};

export default describe;
