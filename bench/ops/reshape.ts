import { reshape } from "../../src/ops/reshape.ts";
import type { DescribeKernels } from "../kernel-benchmark.ts";
import { floats } from "../numbers.ts";

const describe: DescribeKernels = ({ batch, length, dimension }) => [
  {
    name: "reshape",
    shape: `${batch} x ${length} x ${dimension}`,
    feeds: () => ({ x: floats([batch, length, dimension], 1) }),
    apply: ({ x }) => reshape(x!, [batch * length, dimension]),
    forward: { flops: 0 },
  },
];

export default describe;
