import { gather } from "../../src/ops/gather.ts";
import { placeSums } from "../../src/ops/place-sums.ts";
import type { DescribeKernels } from "../kernel-benchmark.ts";
import { floats, ids } from "../numbers.ts";

const places = 20;

/** The sums of each user's latest behaviours, one for each interest; and as MIND has them, looked up and behind the interests. */
const describe: DescribeKernels = ({ batch, interests, dimension, items }) => {
  const flops = 2 * batch * interests * places * dimension;
  const shape = `${batch} x ${places} x ${dimension}, K ${interests}`;
  const weights = () => floats([interests, places, dimension], 2);
  return [
    {
      name: "placeSums",
      shape,
      feeds: () => ({ rows: floats([batch, places, dimension], 1), weights: weights() }),
      apply: (values) => placeSums(values["rows"]!, values["weights"]!),
      forward: { flops },
      backward: { flops: 2 * flops, of: ["rows", "weights"] },
    },
    {
      name: "placeSums of a table",
      shape: `${shape}, V ${items}`,
      feeds: () => ({
        table: floats([items + 1, dimension], 1),
        ids: ids([batch, places], 3, 1, items),
        weights: weights(),
        beside: floats([batch, interests, dimension], 4),
      }),
      apply: (values) => placeSums(gather(values["table"]!, values["ids"]!), values["weights"]!, values["beside"]),
      forward: { flops, bytes: 4 * dimension * batch * (places + 3 * interests) },
      backward: { flops: 2 * flops, of: ["weights", "beside"] },
    },
  ];
};

export default describe;
