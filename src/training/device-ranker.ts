import { allocateHistory, historyBatch } from "../data/batches.ts";
import { itemsAt } from "../data/sequences.ts";
import type { EvaluationUsers } from "../data/split.ts";
import type { Engine } from "../engine.ts";
import { longest } from "../evaluation/most-popular.ts";
import type { Parameters } from "../graph/program.ts";
import { interestsOf, seesTimes, type TrainedSpec } from "../models/registry.ts";
import { writeAscending } from "../ops/best-items.ts";
import { rankTargets } from "../ops/rank-targets.ts";
import { createProfileFeed, type Dataset } from "./dataset.ts";
import { createDeviceLists } from "./device-lists.ts";
import { buildUserGraph } from "./encoded-users.ts";
import type { Ranker } from "./ranker.ts";

/** Most users at a time. */
const mostUsers = 256;

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
  const { itemCount } = dataset;
  const interestLimit = interestsOf(spec);
  const targetWidth = Math.max(1, longest(users.targets));
  const excludedWidth = includeSeen ? 1 : Math.max(1, longest(users.history));
  // The targets of a batch are scored apart: they shall not be many more than the catalogue.
  const fewTargets = Math.max(64, Math.floor(itemCount / targetWidth));
  const batch = Math.max(1, Math.min(mostUsers, users.users.length, fewTargets));

  const buildUsers = () => buildUserGraph(spec, dataset, batch);
  const { graph, items, interests, interestCounts } = buildUsers();
  const targetIds = graph.input("targets", "u32", [batch, targetWidth]);
  const excludedIds = graph.input("excluded", "u32", [batch, excludedWidth]);
  const ranks = rankTargets(interests, interestCounts, items.all(), targetIds, excludedIds);
  const program = await engine.compile({ outputs: { ranks, interests, interestCounts }, parameters });
  const lists = createDeviceLists(engine, parameters, { buildUsers, batch, itemCount, mostHidden: excludedWidth });

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
        writeAscending(excluded.subarray(row * excludedWidth, (row + 1) * excludedWidth), seen[row]!);
      }
      historyBatch(users, from, count, length, history);
      const profile = profiles(users.users.subarray(from), count);
      await program.run({ ...history, targets, excluded, ...profile });
      const read = await program.readAll(["ranks", "interests", "interestCounts"]);
      const [found, vectors, counts] = read as [Uint32Array, Float32Array, Uint32Array];
      return {
        ranks: withoutPadding(found, users.targets.offsets.subarray(from, from + count + 1), targetWidth),
        interests: vectors.subarray(0, count * interestLimit * dimension),
        interestCounts: counts.subarray(0, count),
        best: (most, hidden) => lists.best({ interests: vectors, interestCounts: counts }, hidden, most),
      };
    },
    dispose() {
      program.dispose();
      lists.dispose();
    },
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
