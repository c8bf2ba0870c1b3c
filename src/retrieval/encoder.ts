import { allocateHistory, historyBatch } from "../data/batches.ts";
import type { FeatureTable } from "../data/features.ts";
import { concatenateLists, type ItemLists, itemsAt } from "../data/sequences.ts";
import type { Engine } from "../engine.ts";
import type { Parameters } from "../graph/program.ts";
import { createTurns } from "../graph/turns.ts";
import { interestsOf, seesTimes } from "../models/registry.ts";
import { createProfileFeed } from "../training/dataset.ts";
import { buildUserGraph } from "../training/encoded-users.ts";
import type { TrainedModel } from "./trained-model.ts";

/** Whom to recommend to. */
export interface Recipient {
  /** Item ids of the model, oldest first. */
  readonly history: Uint32Array;
  /** When each was, in the units of the model's log. */
  readonly times?: Float64Array | undefined;
  /** Index of a user of the model, for the profile. */
  readonly user?: number | undefined;
  /** In place of the user's: a row like those of the model's user features. */
  readonly profile?: Uint32Array | undefined;
}

/** A user of a log, with the user's profile if the model has any. */
export const recipientAt = (log: ItemLists, user: number): Recipient => ({
  history: itemsAt(log, user),
  times: log.times?.subarray(log.offsets[user], log.offsets[user + 1]),
  user,
});

/** Makes interests of histories; the same history gives the same bits in any batch and at any place in it. */
export interface Encoder {
  readonly dimension: number;
  /** Most interests of a user. */
  readonly interests: number;
  /** For each recipient its active interests, `[K, dimension]`, one after the other. */
  encode(recipients: readonly Recipient[]): Promise<Float32Array[]>;
  dispose(): void;
}

/** Recipients that are encoded together: programs are compiled for these sizes when they are first needed. */
const batchSizes = [1, 8, 64];
const most = 64;

export function createEncoder(
  engine: Engine,
  { spec, log, itemFeatures, userFeatures }: TrainedModel,
  parameters: Parameters,
): Encoder {
  const { length, dimension } = spec.options;
  const limit = interestsOf(spec);
  const inTurn = createTurns();
  const encoders = new Map<number, ReturnType<typeof compile>>();

  async function compile(batch: number) {
    const { itemCount } = log;
    const { interests, interestCounts } = buildUserGraph(spec, { itemCount, itemFeatures, userFeatures }, batch);
    const program = await engine.compile({ outputs: { interests, interestCounts }, parameters });
    const histories = allocateHistory(batch, length, { times: seesTimes(spec) });
    return { program, histories, profiles: createProfiles(userFeatures, batch) };
  }

  function encoderFor(count: number) {
    const batch = batchSizes.find((size) => size >= count)!;
    const encoder = encoders.get(batch) ?? compile(batch);
    encoders.set(batch, encoder);
    return encoder;
  }

  async function encodeTogether(recipients: readonly Recipient[]): Promise<Float32Array[]> {
    const { program, histories, profiles } = await encoderFor(recipients.length);
    const lists = listsOf(recipients);
    const users = Uint32Array.from(recipients.keys());
    historyBatch({ users, history: lists, targets: lists }, 0, recipients.length, length, histories);
    await program.run({ ...histories, ...profiles(recipients) });
    const [vectors, counts] = (await program.readAll(["interests", "interestCounts"])) as [Float32Array, Uint32Array];
    return recipients.map((_, row) => {
      const from = row * limit * dimension;
      return vectors.slice(from, from + counts[row]! * dimension);
    });
  }

  return {
    dimension,
    interests: limit,
    async encode(recipients) {
      const interests: Float32Array[] = [];
      for (let at = 0; at < recipients.length; at += most) {
        interests.push(...(await inTurn(() => encodeTogether(recipients.slice(at, at + most)))));
      }
      return interests;
    },
    dispose() {
      for (const encoder of encoders.values()) encoder.then(({ program }) => program.dispose());
      encoders.clear();
    },
  };
}

function listsOf(recipients: readonly Recipient[]) {
  const { offsets, items } = concatenateLists(recipients.map(({ history }) => history));
  if (recipients.some(({ history, times }) => history.length > 0 && times === undefined)) return { offsets, items };
  return { offsets, items, times: Float64Array.from(recipients.flatMap(({ times }) => [...(times ?? [])])) };
}

/** The profiles of a batch as inputs of a graph; a recipient without one has no values. */
function createProfiles(table: FeatureTable | undefined, batch: number) {
  if (table === undefined) return () => ({});
  const { width } = table;
  const rows = new Uint32Array(batch * width);
  const feed = createProfileFeed({ ...table, rows }, batch);
  const places = Uint32Array.from({ length: batch }, (_, row) => row);
  return (recipients: readonly Recipient[]): Record<string, Uint32Array> => {
    rows.fill(0);
    for (const [row, { user, profile }] of recipients.entries()) {
      if (profile) rows.set(profile, row * width);
      else if (user !== undefined) rows.set(table.rows.subarray(user * width, (user + 1) * width), row * width);
    }
    return feed(places, batch);
  };
}
