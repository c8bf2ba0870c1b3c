import { allocateHistory, historyBatch } from "../data/batches.ts";
import type { Engine } from "../engine.ts";
import { highestScores } from "../evaluation/highest.ts";
import { fittedModel, isFitted, seesTimes } from "../models/registry.ts";
import { bestScores, winnerBytes } from "../ops/best-scores.ts";
import { createProfileFeed } from "../training/dataset.ts";
import { buildUserGraph } from "../training/encoded-users.ts";
import type { StoredModel } from "../training/model-folder.ts";
import { restore } from "../training/parameter-arrays.ts";

/** Whom to recommend to. */
export interface Recipient {
  /** Item ids of the model, oldest first. */
  readonly history: Uint32Array;
  /** When each was, in the units of the model's log. */
  readonly times?: Float64Array | undefined;
  /** Index of a user of the model, for the profile. */
  readonly user?: number | undefined;
}

export interface TopItem {
  readonly item: number;
  readonly score: number;
  /** The interest that found it, from 0. */
  readonly interest: number;
}

/** The items of highest score, the lower id first among equal ones; `excluded` ones are left out. */
export async function topItems(
  engine: Engine,
  model: StoredModel,
  { history, times, user }: Recipient,
  { top, excluded }: { readonly top: number; readonly excluded: ReadonlySet<number> },
): Promise<{ readonly items: TopItem[]; readonly activeInterests: number }> {
  const { spec, log, itemFeatures, userFeatures, parameters: arrays } = model;
  const { itemCount } = log;
  if (isFitted(spec)) {
    const score = new Float32Array(itemCount + 1);
    fittedModel(spec).scorer(arrays, itemCount).score(history, score);
    const items = highestScores(score, top, excluded);
    return { items: items.map((item) => ({ item, score: score[item]!, interest: 0 })), activeInterests: 1 };
  }
  const { length } = spec.options;
  const { items, interests, interestCounts } = buildUserGraph(spec, { itemCount, itemFeatures, userFeatures }, 1);
  const { scores, winners } = bestScores(interests, interestCounts, items.all());
  const parameters = engine.createParameters();
  restore(parameters, arrays);
  const program = await engine.compile({ outputs: { scores, winners, interestCounts }, parameters });
  const users = Uint32Array.of(user ?? 0);
  const lists = { offsets: Uint32Array.of(0, history.length), items: history, times };
  const batch = historyBatch(
    { users, history: lists, targets: lists },
    0,
    1,
    length,
    allocateHistory(1, length, { times: seesTimes(spec) }),
  );
  const profile = createProfileFeed(userFeatures, 1)(users, user === undefined ? 0 : 1);
  await program.run({ ...batch, ...profile });
  const score = (await program.read("scores")) as Float32Array;
  const winner = winnerBytes((await program.read("winners")) as Uint32Array);
  const [activeInterests] = (await program.read("interestCounts")) as Uint32Array;
  program.dispose();
  return {
    items: highestScores(score, top, excluded).map((item) => ({ item, score: score[item]!, interest: winner[item]! })),
    activeInterests: activeInterests!,
  };
}
