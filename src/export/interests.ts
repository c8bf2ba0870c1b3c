import type { FeatureTable } from "../data/features.ts";
import type { Sequences } from "../data/sequences.ts";
import type { Engine } from "../engine.ts";
import { createEncoder, type Encoder, recipientAt } from "../retrieval/encoder.ts";
import { requireTrained } from "../retrieval/trained-model.ts";
import type { StoredModel } from "../training/model-folder.ts";
import { restored } from "../training/parameter-arrays.ts";
import { fingerprintOfUsers } from "./fingerprint.ts";
import { type Part, partsOf, type Shard, unfinishedParts } from "./parts.ts";
import { openVectorFile, type VectorFormat, vectorFormatOf } from "./vector-file.ts";

/** Users with their histories in the ids of a model, and their profiles if it has any. */
export interface Users {
  readonly sequences: Sequences;
  readonly userIds: readonly string[];
  readonly userFeatures?: FeatureTable | undefined;
}

export interface ExportInterestsOptions {
  readonly format?: VectorFormat | undefined;
  /** The part of the users that this process does; default: all. */
  readonly shard?: Shard | undefined;
  /** Users in a file at most; default 100,000. */
  readonly partUsers?: number | undefined;
  /** Stops as soon as it can, and leaves no half-written part. */
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: (done: number, total: number) => void;
}

export interface ExportedInterests {
  readonly dimension: number;
  /** Most of a user. */
  readonly interests: number;
  /** Written now. */
  readonly users: number;
  readonly files: readonly string[];
  /** Parts that an earlier start has written. */
  readonly earlier: number;
  readonly finished: boolean;
}

const usersAtOnce = 1024;

/** Writes the interests of many users: a row for each, with its id, how many interests there are and their vectors. */
export async function exportInterests(
  engine: Engine,
  model: StoredModel,
  users: Users,
  path: string,
  { format, shard = { index: 1, of: 1 }, partUsers = 100_000, signal, onProgress }: ExportInterestsOptions = {},
): Promise<ExportedInterests> {
  const { sequences, userIds, userFeatures } = users;
  const trained = { ...requireTrained(model, "interests to export"), userFeatures };
  const fileFormat = vectorFormatOf(path, format);
  const parts = partsOf(path, sequences.userCount, partUsers, shard);
  const madeFrom = [fingerprintOfUsers(model, sequences, userIds), parts.length * shard.of, fileFormat].join(":");
  const left = await unfinishedParts(path, parts, madeFrom);
  const total = left.reduce((sum, { from, to }) => sum + to - from, 0);
  const parameters = restored(engine, model.parameters);
  const encoder = createEncoder(engine, trained, parameters);
  const { dimension } = encoder;
  const finished: Part[] = [];
  let done = 0;
  const report = (count: number) => {
    done += count;
    onProgress?.(done, total);
  };
  try {
    for (const part of left) {
      const table = { owner: "user", rows: part.to - part.from, dimension, most: encoder.interests } as const;
      const file = await openVectorFile(part.path, table, fileFormat);
      try {
        for await (const rows of encodedRows(encoder, users, part, signal)) {
          await file.add(rows);
          report(rows.length);
        }
        if (signal?.aborted) break;
        await file.finish();
        finished.push(part);
      } finally {
        await file.abandon();
      }
    }
  } finally {
    encoder.dispose();
  }
  return {
    dimension,
    interests: encoder.interests,
    users: finished.reduce((sum, { from, to }) => sum + to - from, 0),
    files: finished.map(({ path: file }) => file),
    earlier: parts.length - left.length,
    finished: finished.length === left.length,
  };
}

async function* encodedRows(encoder: Encoder, users: Users, { from, to }: Part, signal: AbortSignal | undefined) {
  for (let at = from; at < to && !signal?.aborted; at += usersAtOnce) {
    const chosen = Array.from({ length: Math.min(usersAtOnce, to - at) }, (_, i) => at + i);
    const interests = await encoder.encode(chosen.map((user) => recipientAt(users.sequences, user)));
    yield chosen.map((user, i) => ({ id: users.userIds[user]!, vectors: interests[i]! }));
  }
}
