import { concat } from "../../src/ops/concat.ts";
import type { DescribeKernels } from "../kernel-benchmark.ts";
import { floats } from "../numbers.ts";

const profileWidth = 48;

/** Interests joined with the user's profile, which is the same for all of a user's interests. */
const describe: DescribeKernels = ({ batch, interests, dimension }) => [
  {
    name: "concat",
    shape: `${batch} x ${interests} x ${dimension} with ${batch} x ${profileWidth}`,
    feeds: () => ({ capsules: floats([batch, interests, dimension], 1), profile: floats([batch, profileWidth], 2) }),
    apply: ({ capsules, profile }) => concat(capsules!, profile!),
    forward: { flops: 0 },
    backward: { flops: batch * interests * profileWidth, of: ["capsules", "profile"] },
  },
];

export default describe;
