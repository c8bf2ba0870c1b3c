import { gather } from "../../src/ops/gather.ts";
import { type RouteOptions, route } from "../../src/ops/route.ts";
import { integers, normals, type OpCase } from "./op.ts";

export interface Size {
  readonly name: string;
  readonly length: number;
  readonly d: number;
  readonly h: number;
  readonly interests: number;
  readonly lengths: readonly number[];
  readonly counts: readonly number[];
}

export const sizes: Size[] = [
  { name: "full and short histories", length: 10, d: 8, h: 8, interests: 4, lengths: [10, 3, 7], counts: [4, 1, 2] },
  { name: "a user with no behaviours", length: 5, d: 4, h: 4, interests: 2, lengths: [0, 5], counts: [1, 2] },
  { name: "one behaviour", length: 6, d: 4, h: 4, interests: 3, lengths: [1, 1], counts: [1, 3] },
  { name: "one interest", length: 6, d: 8, h: 8, interests: 1, lengths: [6, 2], counts: [1, 1] },
  { name: "more interests than behaviours", length: 7, d: 4, h: 4, interests: 6, lengths: [3, 7], counts: [6, 5] },
  {
    name: "widths not multiples of 4, and h unlike d",
    length: 9,
    d: 5,
    h: 7,
    interests: 3,
    lengths: [9, 4],
    counts: [3, 2],
  },
  { name: "more than 32 columns", length: 19, d: 40, h: 64, interests: 4, lengths: [19, 16, 8], counts: [4, 3, 1] },
  {
    name: "wide items, narrow interests",
    length: 9,
    d: 61,
    h: 10,
    interests: 2,
    lengths: [9, 1, 0],
    counts: [2, 1, 2],
  },
  {
    name: "a history longer than a workgroup",
    length: 130,
    d: 12,
    h: 12,
    interests: 5,
    lengths: [130, 77],
    counts: [5, 4],
  },
];

export const feedsOf = ({ length, d, h, interests, lengths, counts }: Size, scale = 1) => ({
  behaviours: normals([lengths.length, length, d], 1, scale),
  transform: normals([d, h], 2, 0.5),
  logits: normals([length, interests], 3),
  lengths: integers([lengths.length], lengths),
  counts: integers([lengths.length], counts),
});

export const caseOf = (size: Size, options: RouteOptions, label: string, scale = 1): OpCase => ({
  name: `${size.name}, ${label}`,
  feeds: feedsOf(size, scale),
  apply: ({ behaviours, transform, lengths, counts, logits }) =>
    route(behaviours!, transform!, lengths!, counts!, logits!, options),
  differentiate: ["behaviours", "transform"],
});

/** Behaviours from a table, among them one that is padding although it lies within its history. */
export function gatheredCase(size: Size, options: RouteOptions, label: string): OpCase {
  const { behaviours: _, ...rest } = feedsOf(size);
  const rows = 23;
  const ids = Array.from({ length: size.lengths.length * size.length }, (_, i) =>
    i === 1 ? 0 : 1 + ((i * 7) % (rows - 1)),
  );
  return {
    name: `${size.name}, ${label}`,
    feeds: { ...rest, table: normals([rows, size.d], 1), ids: integers([size.lengths.length, size.length], ids) },
    apply: ({ table, ids, transform, lengths, counts, logits }) =>
      route(gather(table!, ids!), transform!, lengths!, counts!, logits!, options),
    differentiate: ["transform"],
    derivative: false,
  };
}
