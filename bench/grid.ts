import type { Sizes } from "./kernel-benchmark.ts";

/** `"one"` the given sizes; `"axes"` also each size varied alone; `"all"` every combination. */
export type GridMode = "one" | "axes" | "all";

const axes = {
  length: [20, 50, 200],
  dimension: [32, 64, 128],
  interests: [1, 4, 8],
  batch: [1, 256, 4096],
} as const satisfies Partial<Record<keyof Sizes, readonly number[]>>;

/** The sizes to measure kernels at, the given ones first. */
export function sizesOf(center: Sizes, mode: GridMode): Sizes[] {
  const varied = Object.entries(axes) as [keyof typeof axes, readonly number[]][];
  const others: Sizes[] = [];
  if (mode === "axes")
    for (const [axis, values] of varied) for (const value of values) others.push({ ...center, [axis]: value });
  if (mode === "all") {
    const combine = (sizes: Sizes, [first, ...rest]: typeof varied): Sizes[] =>
      first === undefined ? [sizes] : first[1].flatMap((value) => combine({ ...sizes, [first[0]]: value }, rest));
    others.push(...combine(center, varied));
  }
  const same = (sizes: Sizes) => varied.every(([axis]) => sizes[axis] === center[axis]);
  return [center, ...others.filter((sizes) => !same(sizes))];
}
