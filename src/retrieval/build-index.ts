import { itemsAt } from "../data/sequences.ts";
import type { Engine } from "../engine.ts";
import { fail } from "../errors.ts";
import { isFitted, type TrainedSpec } from "../models/registry.ts";
import type { StoredModel } from "../training/model-folder.ts";
import { restore } from "../training/parameter-arrays.ts";
import { createEncoder, type Recipient } from "./encoder.ts";
import { createExactIndex } from "./exact-index.ts";
import { type IndexDescription, saveIndex } from "./index-folder.ts";
import type { Query } from "./item-index.ts";
import { itemTable } from "./item-table.ts";
import { fingerprintOf } from "./item-vectors.ts";
import { factorFor } from "./recall.ts";
import { buildUsearch, createUsearchIndex } from "./usearch-index.ts";

export interface BuildIndexOptions {
  /** N of the recall that is wanted; default 100. */
  readonly at?: number;
  /** Mean share of the exact top N that shall be found; default 0.99. */
  readonly targetRecall?: number;
  /** Users of the log, evenly spread, whose interests it is measured with; default 200. */
  readonly queries?: number;
  readonly onProgress?: (done: number, total: number) => void;
}

/**
 * Builds an approximate index (usearch) of a model's items into a folder, and measures with interests of users how much of the
 * exact answer it finds; it looks deeper until that is enough, or says that it is not.
 */
export async function buildIndex(
  engine: Engine,
  model: StoredModel,
  path: string,
  { at = 100, targetRecall: target = 0.99, queries: most = 200, onProgress }: BuildIndexOptions = {},
): Promise<IndexDescription> {
  const { spec, log } = model;
  if (isFitted(spec)) fail(`${spec.name} makes no vectors to index; use a model that is trained`);
  const trained = { ...model, spec: spec as TrainedSpec };
  const parameters = engine.createParameters();
  restore(parameters, model.parameters);
  const table = await itemTable(engine, trained, parameters);
  const values = await table.parameters.read(table.name);
  const { itemCount, dimension } = table;
  const graph = await buildUsearch({ itemCount, dimension, values }, async (done, total) => {
    onProgress?.(done, total);
    await new Promise((resolve) => setImmediate(resolve));
  });
  const encoder = createEncoder(engine, trained, parameters);
  const exact = createExactIndex(engine, table);
  try {
    const interests = await encoder.encode(usersOf(log, most));
    const queries: Query[] = interests.filter(({ length }) => length > 0).map((vectors) => ({ vectors }));
    const depth = Math.min(at, itemCount);
    const wanted = await exact.search(queries, depth);
    const indexWith = (factor: number) => createUsearchIndex(graph, { itemCount, dimension, factor });
    const { factor, recall: reached } = await factorFor(indexWith, queries, wanted, { at: depth, target });
    const description: IndexDescription = {
      kind: "usearch",
      fingerprint: fingerprintOf({ itemCount, dimension, values }),
      itemCount,
      dimension,
      factor,
      recall: { at: depth, queries: queries.length, target, reached },
    };
    await saveIndex(path, graph, description);
    return description;
  } finally {
    encoder.dispose();
    exact.dispose();
  }
}

/** Users with a history, evenly spread over the log. */
function usersOf(log: StoredModel["log"], most: number): Recipient[] {
  const step = Math.max(1, log.userCount / most);
  return Array.from({ length: Math.min(most, log.userCount) }, (_, i) => Math.floor(i * step)).map((user) => ({
    history: itemsAt(log, user),
    times: log.times?.subarray(log.offsets[user], log.offsets[user + 1]),
    user,
  }));
}
