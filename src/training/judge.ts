import { allocateHistory, historyBatch } from "../data/batches.ts";
import { concatenateLists, itemsAt } from "../data/sequences.ts";
import type { EvaluationUsers } from "../data/split.ts";
import type { Engine } from "../engine.ts";
import { highestScores } from "../evaluation/highest.ts";
import { interestDiversity, interestsInUse } from "../evaluation/interests.ts";
import { type RankingMetrics, rankingMetrics } from "../evaluation/metrics.ts";
import { mostPopularRanks, popularityOrder, seenItems } from "../evaluation/most-popular.ts";
import type { Parameters } from "../graph/program.ts";
import { lastDimension } from "../graph/shape.ts";
import { interestsOf, type ModelSpec } from "../models/registry.ts";
import { bestScores, winnerBytes } from "../ops/best-scores.ts";
import { rankTargets } from "../ops/rank-targets.ts";
import { createProfileFeed, type Dataset } from "./dataset.ts";
import { buildUserGraph } from "./encoded-users.ts";

export interface JudgeOptions {
  /** Cutoffs N of the metrics. */
  readonly at: readonly number[];
  /** Whether items of the history stay in the ranking; by default they are left out. */
  readonly includeSeen?: boolean;
  /** Judges at most this many users, evenly spread. */
  readonly users?: number;
  readonly onProgress?: (done: number, total: number) => void;
  /** Asks for the lists that the judged users would see, one after the other. */
  readonly lists?: { readonly count: number; readonly visit: (list: RankedList) => void | Promise<void> };
}

/** The items of highest score for a user, without the seen ones (a target is never left out), ties by the lower id. */
export interface RankedList {
  /** User index of the log. */
  readonly user: number;
  readonly items: readonly number[];
  readonly scores: readonly number[];
  /** The interest that found each item, from 0. */
  readonly interests: readonly number[];
}

export interface Judgement {
  readonly users: number;
  readonly metrics: readonly RankingMetrics[];
  /** Mean over users with two active interests and more of the mean cosine of their pairs; `null` where nobody has two. */
  readonly interestCosine: number | null;
  /** Share of those users whose interests are all alike (cosine above .99). */
  readonly alike: number | null;
  /** Mean number of active interests. */
  readonly activeInterests: number | null;
  /** Mean number of interests that found something among a user's top 50, over the first batch of users. */
  readonly interestsInUse: number | null;
  /** Ranks of all targets, in the order of `evaluated.targets.items`. */
  readonly ranks: Uint32Array;
  /** Interests of the judged users, `[users, interests, dimension]`. */
  readonly interests: Float32Array;
  readonly interestCounts: Uint32Array;
}

/** Bytes of scores that are ranked at a time. */
const scoreBytes = 32 * 1024 * 1024;
const topForUse = 50;

/** Ranks the whole catalogue on the device for every evaluated user. */
export async function judge(
  engine: Engine,
  parameters: Parameters,
  spec: ModelSpec,
  dataset: Dataset,
  evaluated: EvaluationUsers,
  options: JudgeOptions,
): Promise<Judgement> {
  const chosen = sampleUsers(evaluated, options.users);
  const count = chosen.users.length;
  const { itemCount } = dataset;
  const { length, dimension } = spec.options;
  const interestLimit = interestsOf(spec);
  const batch = Math.max(1, Math.min(256, count, Math.floor(scoreBytes / (4 * (itemCount + 1)))));
  const targetWidth = longest(chosen.targets.offsets);
  const excludedWidth = options.includeSeen ? 1 : longest(chosen.history.offsets);

  const { graph, items, interests, interestCounts } = buildUserGraph(spec, dataset, batch);
  const { scores, winners } = bestScores(interests, interestCounts, items.all());
  const targetIds = graph.input("targets", "u32", [batch, targetWidth]);
  const excludedIds = graph.input("excluded", "u32", [batch, excludedWidth]);
  const ranksValue = rankTargets(scores, targetIds, excludedIds);
  const program = await engine.compile({
    outputs: { ranks: ranksValue, interests, interestCounts, scores, winners },
    parameters,
  });

  const history = allocateHistory(batch, length);
  const profiles = createProfileFeed(dataset.userFeatures, batch);
  const targets = new Uint32Array(batch * targetWidth);
  const excluded = new Uint32Array(batch * excludedWidth);
  let seen: ReadonlySet<number>[] = [];
  const ranks = new Uint32Array(chosen.targets.items.length);
  const allInterests = new Float32Array(count * interestLimit * dimension);
  const allCounts = new Uint32Array(count);
  let inUse: number | null = null;
  for (let from = 0; from < count; from += batch) {
    const here = Math.min(batch, count - from);
    targets.fill(0);
    excluded.fill(0);
    seen = Array.from({ length: here }, (_, row) => (options.includeSeen ? new Set() : seenItems(chosen, from + row)));
    for (let row = 0; row < here; row++) {
      targets.set(itemsAt(chosen.targets, from + row), row * targetWidth);
      excluded.set([...seen[row]!], row * excludedWidth);
    }
    historyBatch(chosen, from, here, length, history);
    const feed = { ...history, targets, excluded, ...profiles(chosen.users.subarray(from), here) };
    await program.run(feed);
    const found = (await program.read("ranks")) as Uint32Array;
    for (let row = 0; row < here; row++) {
      const start = chosen.targets.offsets[from + row]!;
      const size = chosen.targets.offsets[from + row + 1]! - start;
      ranks.set(found.subarray(row * targetWidth, row * targetWidth + size), start);
    }
    const vectors = (await program.read("interests")) as Float32Array;
    allInterests.set(vectors.subarray(0, here * interestLimit * dimension), from * interestLimit * dimension);
    allCounts.set(((await program.read("interestCounts")) as Uint32Array).subarray(0, here), from);
    if (from === 0 || options.lists) {
      const table = {
        scores: (await program.read("scores")) as Float32Array,
        winners: winnerBytes((await program.read("winners")) as Uint32Array),
        winnerPitch: 4 * lastDimension(winners.shape),
      };
      if (from === 0) inUse = interestsInUse(topWinners(table, here, itemCount), topForUse, interestLimit);
      for (let row = 0; options.lists && row < here; row++) {
        const list = rankedList(table, row, itemCount, options.lists.count, seen[row]!);
        await options.lists.visit({ user: chosen.users[from + row]!, ...list });
      }
    }
    options.onProgress?.(from + here, count);
  }
  program.dispose();
  const diversity = interestDiversity({ values: allInterests, counts: allCounts, interests: interestLimit, dimension });
  return {
    users: count,
    metrics: rankingMetrics(ranks, chosen.targets.offsets, options.at),
    interestCosine: diversity.cosine,
    alike: diversity.alike,
    activeInterests: diversity.active,
    interestsInUse: inUse,
    ranks,
    interests: allInterests,
    interestCounts: allCounts,
  };
}

/** The baseline of every table: items by how often they occur in the training part. */
export function judgeMostPopular(
  dataset: Dataset,
  evaluated: EvaluationUsers,
  { at, includeSeen }: JudgeOptions,
): readonly RankingMetrics[] {
  const ranks = mostPopularRanks(popularityOrder(dataset.split.train), evaluated, { includeSeen });
  return rankingMetrics(ranks, evaluated.targets.offsets, at);
}

function longest(offsets: Uint32Array): number {
  let most = 1;
  for (let i = 1; i < offsets.length; i++) most = Math.max(most, offsets[i]! - offsets[i - 1]!);
  return most;
}

/** Every n-th user, so that at most `most` remain. */
function sampleUsers(evaluated: EvaluationUsers, most = Number.POSITIVE_INFINITY): EvaluationUsers {
  const count = evaluated.users.length;
  if (count <= most) return evaluated;
  const kept = Array.from({ length: most }, (_, i) => Math.floor((i * count) / most));
  return {
    users: Uint32Array.from(kept, (index) => evaluated.users[index]!),
    history: pick(evaluated.history, kept),
    targets: pick(evaluated.targets, kept),
  };
}

function pick(lists: EvaluationUsers["history"], kept: readonly number[]) {
  return concatenateLists(kept.map((index) => itemsAt(lists, index)));
}

interface ScoreTable {
  /** `[users, items + 1]` */
  readonly scores: Float32Array;
  /** `[users, winnerPitch]` */
  readonly winners: Uint8Array;
  readonly winnerPitch: number;
}

/** The winning interests of each user's items of highest score, `[users, topForUse]`; empty places hold a number beyond all interests. */
function topWinners(table: ScoreTable, users: number, itemCount: number): Uint32Array {
  const top = new Uint32Array(users * topForUse).fill(0xffffffff);
  for (let user = 0; user < users; user++) {
    top.set(rankedList(table, user, itemCount, topForUse).interests, user * topForUse);
  }
  return top;
}

function rankedList(
  { scores, winners, winnerPitch }: ScoreTable,
  row: number,
  itemCount: number,
  count: number,
  excluded?: ReadonlySet<number>,
): Omit<RankedList, "user"> {
  const own = scores.subarray(row * (itemCount + 1), (row + 1) * (itemCount + 1));
  const items = highestScores(own, count, excluded);
  return {
    items,
    scores: items.map((item) => own[item]!),
    interests: items.map((item) => winners[row * winnerPitch + item]!),
  };
}
