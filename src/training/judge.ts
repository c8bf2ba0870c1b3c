import type { EvaluationUsers } from "../data/split.ts";
import type { Engine } from "../engine.ts";
import { fail } from "../errors.ts";
import { interestDiversity, interestsInUse } from "../evaluation/interests.ts";
import { type RankingMetrics, rankingMetrics } from "../evaluation/metrics.ts";
import { mostPopularRanks, popularityOrder, seenItems } from "../evaluation/most-popular.ts";
import type { Parameters } from "../graph/program.ts";
import type { Arrays } from "../models/arrays.ts";
import { isFitted, type ModelSpec, type TrainedSpec } from "../models/registry.ts";
import { noWinner } from "../reference/best-scores.ts";
import type { Dataset } from "./dataset.ts";
import { createDeviceRanker } from "./device-ranker.ts";
import { createFittedRanker } from "./fitted-ranker.ts";
import { restored } from "./parameter-arrays.ts";
import { type BestItems, type Ranker, sampleUsers } from "./ranker.ts";

export interface JudgeOptions {
  /** Cutoffs N of the metrics. */
  readonly at: readonly number[];
  /** Whether items of the history stay in the ranking; by default they are left out. */
  readonly includeSeen?: boolean;
  /** Judges at most this many users, evenly spread. */
  readonly users?: number;
  /** How many of the users are ranked, from 0. */
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
  /** Asks for the lists that the judged users would see, one after the other. */
  readonly lists?: { readonly count: number; readonly visit: (list: RankedList) => void | Promise<void> };
}

/** The items of highest score for a user, without the seen ones (a target is never left out), ties by the lower id. */
export interface RankedList extends BestItems {
  /** User index of the log. */
  readonly user: number;
}

export interface Judgement {
  readonly users: number;
  readonly metrics: readonly RankingMetrics[];
  /** Mean over users with two active interests and more of the mean cosine of their pairs; `null` where nobody has two. */
  readonly interestCosine: number | null;
  /** Share of those users whose interests are all alike (cosine above .99). */
  readonly alike: number | null;
  /** Mean number of active interests; like all that speaks of interests `null` for models that make no vectors. */
  readonly activeInterests: number | null;
  /** Mean number of interests that found something among a user's top 50, over the first batch of users. */
  readonly interestsInUse: number | null;
  /** Ranks of all targets, in the order of `evaluated.targets.items`. */
  readonly ranks: Uint32Array;
  /** Interests of the judged users, `[users, interests, dimension]`; empty for models that make none. */
  readonly interests: Float32Array;
  readonly interestCounts: Uint32Array;
}

/** How many of a user's first items tell which interests are in use. */
export const topForUse = 50;

/** Judges parameters as they are now, again and again. */
export interface Judge {
  judge(): Promise<Judgement>;
  /** Frees what it was compiled to. */
  dispose(): void;
}

/** A judge of parameters that go on learning: its programs are compiled when it first judges, and kept. */
export function createJudge(
  engine: Engine,
  parameters: Parameters,
  spec: TrainedSpec,
  dataset: Dataset,
  evaluated: EvaluationUsers,
  options: JudgeOptions,
): Judge {
  const users = sampleUsers(evaluated, options.users);
  let ranker: Ranker | undefined;
  return {
    async judge() {
      ranker ??= await createDeviceRanker(engine, parameters, spec, dataset, users, options.includeSeen ?? false);
      return judgeWith(ranker, users, options);
    },
    dispose: () => ranker?.dispose(),
  };
}

/**
 * Ranks the whole catalogue for every evaluated user: on the device by a trained model, on the CPU by a fitted one.
 * @param learned what the model has learned: on the engine, as when it is trained, or as it was read from a folder
 */
export async function judge(
  engine: Engine,
  learned: Parameters | Arrays,
  spec: ModelSpec,
  dataset: Dataset,
  evaluated: EvaluationUsers,
  options: JudgeOptions,
): Promise<Judgement> {
  if (isFitted(spec)) {
    const users = sampleUsers(evaluated, options.users);
    return judgeWith(createFittedRanker(spec, arraysOf(learned), dataset.itemCount, users), users, options);
  }
  const once = createJudge(engine, parametersOf(engine, learned), spec, dataset, evaluated, options);
  try {
    return await once.judge();
  } finally {
    once.dispose();
  }
}

async function judgeWith(ranker: Ranker, users: EvaluationUsers, options: JudgeOptions): Promise<Judgement> {
  const { includeSeen = false, lists } = options;
  options.onProgress?.(0, users.users.length);
  const { batch, dimension, interests: interestLimit } = ranker;
  const count = users.users.length;
  const ranks = new Uint32Array(users.targets.items.length);
  const interests = new Float32Array(count * interestLimit * dimension);
  const interestCounts = new Uint32Array(count);
  let inUse: number | null = null;
  for (let from = 0; from < count; from += batch) {
    const here = Math.min(batch, count - from);
    const seen = Array.from({ length: here }, (_, row) => (includeSeen ? nothing : seenItems(users, from + row)));
    const ranked = await ranker.rank(from, seen);
    ranks.set(ranked.ranks, users.targets.offsets[from]);
    interests.set(ranked.interests, from * interestLimit * dimension);
    interestCounts.set(ranked.interestCounts, from);
    const isFirst = from === 0 && interestLimit > 0;
    if (isFirst) {
      const all = await ranked.best(
        topForUse,
        seen.map(() => nothing),
      );
      inUse = interestsInUse(winnersOf(all), topForUse, interestLimit);
    }
    if (lists) {
      const found = await ranked.best(lists.count, seen);
      for (const [row, list] of found.entries()) await lists.visit({ user: users.users[from + row]!, ...list });
    }
    options.onProgress?.(from + here, count);
  }
  const vectors = { values: interests, counts: interestCounts, interests: interestLimit, dimension };
  const diversity = interestLimit > 0 ? interestDiversity(vectors) : undefined;
  return {
    users: count,
    metrics: rankingMetrics(ranks, users.targets.offsets, options.at),
    interestCosine: diversity?.cosine ?? null,
    alike: diversity?.alike ?? null,
    activeInterests: diversity?.active ?? null,
    interestsInUse: inUse,
    ranks,
    interests,
    interestCounts,
  };
}

const nothing: ReadonlySet<number> = new Set();

const isArrays = (learned: Parameters | Arrays): learned is Arrays => learned instanceof Map;

function arraysOf(learned: Parameters | Arrays): Arrays {
  return isArrays(learned)
    ? learned
    : fail("judge: a fitted model is judged by its arrays, got parameters of an engine");
}

const parametersOf = (engine: Engine, learned: Parameters | Arrays): Parameters =>
  isArrays(learned) ? restored(engine, learned) : learned;

/** The baseline of every table: items by how often they occur in the training part. */
export function judgeMostPopular(
  dataset: Dataset,
  evaluated: EvaluationUsers,
  { at, includeSeen }: JudgeOptions,
): readonly RankingMetrics[] {
  const ranks = mostPopularRanks(popularityOrder(dataset.split.train), evaluated, { includeSeen });
  return rankingMetrics(ranks, evaluated.targets.offsets, at);
}

/** The interests that found each user's items, `[users, topForUse]`; empty places hold a number beyond all interests. */
function winnersOf(lists: readonly BestItems[]): Uint32Array {
  const winners = new Uint32Array(lists.length * topForUse).fill(noWinner);
  for (const [user, { interests }] of lists.entries()) winners.set(interests, user * topForUse);
  return winners;
}
