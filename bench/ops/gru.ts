import { gru } from "../../src/ops/gru.ts";
import type { DescribeKernels } from "../kernel-benchmark.ts";
import { behaviourCounts, floats } from "../numbers.ts";

const describe: DescribeKernels = ({ batch, length, dimension: h }) => {
  const flops = 2 * batch * length * h * 3 * h;
  const gates = batch * length * 3 * h;
  const states = batch * length * h;
  return [
    {
      name: "gru",
      shape: `${batch} x ${length} x ${h}`,
      feeds: () => ({
        x: floats([batch, length, 3 * h], 1),
        recurrent: floats([h, 3 * h], 2),
        bias: floats([1, 3 * h], 3),
        lengths: { shape: [batch], data: behaviourCounts(batch, length) },
      }),
      apply: ({ x, recurrent, bias, lengths }) => gru(x!, recurrent!, bias!, lengths!),
      forward: { flops, bytes: 4 * (2 * gates + states) },
      backward: { flops: 2 * flops, bytes: 4 * (4 * gates + states), of: ["x", "recurrent", "bias"] },
    },
  ];
};

export default describe;
