import { rowsToDense } from "../../src/ops/rows-to-dense.ts";
import type { DescribeKernels } from "../kernel-benchmark.ts";
import { floats, ids } from "../numbers.ts";

/** The gradient of a table from that of a batch's histories. */
const describe: DescribeKernels = ({ batch, length, dimension, items }) => {
  const rows = batch * length;
  return [
    {
      name: "rowsToDense",
      shape: `${rows} to ${items} x ${dimension}`,
      feeds: () => ({ ids: ids([batch, length], 2, 0, items), rows: floats([batch, length, dimension], 1) }),
      apply: (values) => rowsToDense([{ ids: values["ids"]!, rows: values["rows"]! }], items + 1),
      forward: { flops: rows * dimension, bytes: 4 * dimension * (rows + items + 1) },
    },
  ];
};

export default describe;
