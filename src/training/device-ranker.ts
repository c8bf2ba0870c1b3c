import { allocateHistory, historyBatch } from "../data/batches.ts";
import { itemsAt } from "../data/sequences.ts";
import type { EvaluationUsers } from "../data/split.ts";
import type { Engine } from "../engine.ts";
import { longest } from "../evaluation/most-popular.ts";
import type { Parameters } from "../graph/program.ts";
import { lastDimension } from "../graph/shape.ts";
import { interestsOf, seesTimes, type TrainedSpec } from "../models/registry.ts";
import { bestScores, winnerBytes } from "../ops/best-scores.ts";
import { rankTargets } from "../ops/rank-targets.ts";
import { createProfileFeed, type Dataset } from "./dataset.ts";
import { buildUserGraph } from "./encoded-users.ts";
import type { Ranker } from "./ranker.ts";

/** Bytes of scores that are ranked at a time. */
const scoreBytes = 32 * 1024 * 1024;

/** Ranks on the device, by a trained model's interests. */
export async function createDeviceRanker(
  engine: Engine,
  parameters: Parameters,
  spec: TrainedSpec,
  dataset: Dataset,
  users: EvaluationUsers,
  includeSeen: boolean,
): Promise<Ranker> {
  const { length, dimension } = spec.options;
  const interestLimit = interestsOf(spec);
  const perUser = 4 * (dataset.itemCount + 1);
  const batch = Math.max(1, Math.min(256, users.users.length, Math.floor(scoreBytes / perUser)));
  const targetWidth = Math.max(1, longest(users.targets));
  const excludedWidth = includeSeen ? 1 : Math.max(1, longest(users.history));

  const { graph, items, interests, interestCounts } = buildUserGraph(spec, dataset, batch);
  const { scores, winners } = bestScores(interests, interestCounts, items.all());
  const targetIds = graph.input("targets", "u32", [batch, targetWidth]);
  const excludedIds = graph.input("excluded", "u32", [batch, excludedWidth]);
  const ranks = rankTargets(scores, targetIds, excludedIds);
  const outputs = { ranks, interests, interestCounts, scores, winners };
  const program = await engine.compile({ outputs, parameters });

  const history = allocateHistory(batch, length, { times: seesTimes(spec) });
  const profiles = createProfileFeed(dataset.userFeatures, batch);
  const targets = new Uint32Array(batch * targetWidth);
  const excluded = new Uint32Array(batch * excludedWidth);
  return {
    batch,
    interests: interestLimit,
    dimension,
    async rank(from, seen) {
      const count = seen.length;
      targets.fill(0);
      excluded.fill(0);
      for (let row = 0; row < count; row++) {
        targets.set(itemsAt(users.targets, from + row), row * targetWidth);
        excluded.set([...seen[row]!], row * excludedWidth);
      }
      historyBatch(users, from, count, length, history);
      const profile = profiles(users.users.subarray(from), count);
      await program.run({ ...history, targets, excluded, ...profile });
      const vectors = (await program.read("interests")) as Float32Array;
      const counts = (await program.read("interestCounts")) as Uint32Array;
      const found = (await program.read("ranks")) as Uint32Array;
      return {
        ranks: withoutPadding(found, users.targets.offsets.subarray(from, from + count + 1), targetWidth),
        interests: vectors.subarray(0, count * interestLimit * dimension),
        interestCounts: counts.subarray(0, count),
        scores: async () => ({
          scores: (await program.read("scores")) as Float32Array,
          winners: winnerBytes((await program.read("winners")) as Uint32Array),
          winnerPitch: 4 * lastDimension(winners.shape),
        }),
      };
    },
    dispose: () => program.dispose(),
  };
}

/** Lists of the lengths that the offsets say, from rows of one width. */
function withoutPadding(rows: Uint32Array, offsets: Uint32Array, width: number): Uint32Array {
  const first = offsets[0]!;
  const values = new Uint32Array(offsets.at(-1)! - first);
  for (let row = 0; row + 1 < offsets.length; row++) {
    const size = offsets[row + 1]! - offsets[row]!;
    values.set(rows.subarray(row * width, row * width + size), offsets[row]! - first);
  }
  return values;
}
