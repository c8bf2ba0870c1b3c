import type { FeatureField, FeatureTable } from "../data/features.ts";
import { countItems, type Sequences } from "../data/sequences.ts";
import type { Split } from "../data/split.ts";

/** What a model trains on and is judged by. */
export interface Dataset {
  readonly split: Split;
  readonly itemCount: number;
  /** How often each item occurs in the training part, `[itemCount + 1]`. */
  readonly itemCounts: Uint32Array;
  /** Features of item i + 1 in row i. */
  readonly itemFeatures?: FeatureTable;
  /** Features of user i in row i. */
  readonly userFeatures?: FeatureTable;
}

export function createDataset(split: Split, features: Pick<Dataset, "itemFeatures" | "userFeatures"> = {}): Dataset {
  const { itemCount } = split.train satisfies Sequences;
  return { split, itemCount, itemCounts: countItems(split.train), ...features };
}

/** Names of the profile inputs of a graph, one for each field. */
export const profileInput = (field: FeatureField): string => `profile.${field.name}`;

/** Writes the profiles of a batch of users, field by field; `users` beyond `count` stay without values. */
export function createProfileFeed(table: FeatureTable | undefined, batch: number) {
  const fields = table?.fields ?? [];
  const arrays = Object.fromEntries(fields.map((field) => [profileInput(field), new Uint32Array(batch * field.width)]));
  return (users: ArrayLike<number>, count: number): Record<string, Uint32Array> => {
    let offset = 0;
    for (const field of fields) {
      const array = arrays[profileInput(field)]!.fill(0);
      for (let row = 0; row < count; row++) {
        const from = users[row]! * table!.width + offset;
        array.set(table!.rows.subarray(from, from + field.width), row * field.width);
      }
      offset += field.width;
    }
    return arrays;
  };
}
