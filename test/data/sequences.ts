import fc from "fast-check";
import { concatenateLists, type Sequences } from "../../src/data/sequences.ts";

const itemCount = 9;

export function sequencesOf(lists: readonly number[][]): Sequences {
  return { userCount: lists.length, itemCount, ...concatenateLists(lists) };
}

/** Any few users with any few items; empty users among them. */
export const anySequences = fc
  .array(fc.array(fc.integer({ min: 1, max: itemCount }), { maxLength: 12 }), { minLength: 1, maxLength: 12 })
  .map(sequencesOf);
