import { itemsAt } from "../data/sequences.ts";
import type { EvaluationUsers } from "../data/split.ts";
import type { ItemCategories } from "../evaluation/categories.ts";
import { createListMeter, type ListMeter } from "../evaluation/list-metrics.ts";
import { mostPopularLists, popularityOrder } from "../evaluation/most-popular.ts";
import { openRowsFile } from "../storage/rows-file.ts";
import type { Dataset } from "../training/dataset.ts";
import type { JudgeOptions } from "../training/judge.ts";
import type { ListResult } from "./metrics-table.ts";

/** What is asked of the lists of the judged users. */
export interface ListOptions {
  readonly at: readonly number[];
  readonly includeSeen: boolean;
  /** Whether they are measured; with `categories` for their diversity. */
  readonly isMeasured: boolean;
  readonly categories?: ItemCategories | undefined;
  /** Where they are written. */
  readonly predictions?: string | undefined;
  /** Where the held-out items are written. */
  readonly targets?: string | undefined;
}

/** Users and items by the names that a file gives them. */
export interface Names {
  readonly userIds: readonly string[];
  readonly itemIds: readonly string[];
}

/** Takes the lists of the judged users as the judge hands them out. */
export interface ListKeeper {
  /** For the judge; undefined where nobody asked for lists. */
  readonly lists: JudgeOptions["lists"];
  /** Completes the files; the metrics, if they were asked for. */
  finish(): Promise<ListResult | undefined>;
  /** Leaves no file behind. */
  abandon(): Promise<void>;
}

/** Opens the files that are asked for, so that one that cannot be written fails before the work. */
export async function keepLists(
  options: ListOptions,
  dataset: Dataset,
  evaluated: EvaluationUsers,
  { userIds, itemIds }: Names,
): Promise<ListKeeper> {
  const { at, includeSeen, isMeasured, categories, predictions, targets } = options;
  const count = Math.max(...at);
  const newMeter = () => createListMeter(at, { itemCounts: dataset.itemCounts, categories });
  const meter: ListMeter | undefined = isMeasured ? newMeter() : undefined;
  if (targets !== undefined) await writeTargets(targets, evaluated, { userIds, itemIds });
  const file = predictions === undefined ? undefined : await openRowsFile(predictions, predictionColumns);
  const visit: NonNullable<JudgeOptions["lists"]>["visit"] = async ({ user, items, scores, interests }) => {
    meter?.add(items);
    for (const [index, item] of items.entries()) {
      await file?.add([userIds[user]!, index + 1, itemIds[item]!, shortest(scores[index]!), interests[index]! + 1]);
    }
  };
  return {
    lists: isMeasured || file ? { count, visit } : undefined,
    async finish() {
      await file?.finish();
      if (meter === undefined) return undefined;
      const popular = newMeter();
      const order = popularityOrder(dataset.split.train);
      for (const items of mostPopularLists(order, evaluated, { count, includeSeen })) popular.add(items);
      return { model: meter.result(), mostPopular: popular.result() };
    },
    abandon: async () => file?.abandon(),
  };
}

/** Ranks and interests count from 1. */
const predictionColumns = ["user", "rank", "item", "score", "interest"];

/** A float32 by as few digits as tell it from all others. */
const shortest = (score: number): number => Number(score.toPrecision(9));

async function writeTargets(path: string, { users, targets }: EvaluationUsers, { userIds, itemIds }: Names) {
  const file = await openRowsFile(path, ["user", "item"]);
  try {
    for (const [index, user] of users.entries()) {
      for (const item of itemsAt(targets, index)) await file.add([userIds[user]!, itemIds[item]!]);
    }
    await file.finish();
  } finally {
    await file.abandon();
  }
}
