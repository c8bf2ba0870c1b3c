import { fail } from "../errors.ts";
import type { Sequences } from "./sequences.ts";

/** Whether a sample, the place of its target in `items`, lists negatives. */
export const listsNegatives = ({ negatives }: Sequences, place: number): boolean =>
  negatives !== undefined && negatives.offsets[place + 1]! > negatives.offsets[place]!;

/**
 * How many negatives the longest list of a training sample has, but `most` where it has more. Fails where there are no lists to
 * train with.
 */
export function longestList(train: Sequences, most: number): number {
  const { negatives, offsets, userCount } = train;
  if (negatives === undefined) {
    return fail(
      "--negative-sampling listed: this log lists no negatives; read samples with the columns hist_X, X and neg_items, or let them be drawn, with uniform say",
    );
  }
  let longest = 0;
  for (let user = 0; user < userCount; user++) {
    for (let place = offsets[user]! + 1; place < offsets[user + 1]!; place++) {
      longest = Math.max(longest, negatives.offsets[place + 1]! - negatives.offsets[place]!);
    }
  }
  if (longest === 0)
    fail("--negative-sampling listed: no sample that trains lists any negatives; let them be drawn, with uniform say");
  return Math.min(longest, most);
}

/** Writes the first `width` negatives of a sample to a row, zeros after them; all zeros for no sample. */
export function writeNegatives(
  { negatives }: Sequences,
  place: number | undefined,
  row: number,
  width: number,
  into: Uint32Array,
): void {
  const start = place === undefined ? 0 : negatives!.offsets[place]!;
  const end = place === undefined ? 0 : negatives!.offsets[place + 1]!;
  for (let index = 0; index < width; index++) {
    into[row * width + index] = start + index < end ? negatives!.items[start + index]! : 0;
  }
}
