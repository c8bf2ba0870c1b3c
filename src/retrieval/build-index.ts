import type { Engine } from "../engine.ts";
import type { StoredModel } from "../training/model-folder.ts";
import { restored } from "../training/parameter-arrays.ts";
import { createEncoder, type Recipient, recipientAt } from "./encoder.ts";
import { createExactIndex } from "./exact-index.ts";
import { type IndexDescription, saveIndex } from "./index-folder.ts";
import type { Query } from "./item-index.ts";
import { itemTable, readVectors } from "./item-table.ts";
import { fingerprintOf } from "./item-vectors.ts";
import { factorFor } from "./recall.ts";
import { requireTrained } from "./trained-model.ts";
import { buildUsearch, createUsearchIndex } from "./usearch-index.ts";

export interface BuildIndexOptions {
  /** N of the recall that is wanted; default 100. */
  readonly at?: number;
  /** Mean share of the exact top N that shall be found; default 0.99. */
  readonly targetRecall?: number;
  /** Users of the log, evenly spread, whose interests it is measured with; default 200. */
  readonly queries?: number;
  /** Threads that build; default 1, which always makes the same graph of neighbours. Several are faster, and each time it is another. */
  readonly threads?: number;
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
  { at = 100, targetRecall: target = 0.99, queries: most = 200, threads, onProgress }: BuildIndexOptions = {},
): Promise<IndexDescription> {
  const trained = requireTrained(model, "vectors to index");
  const parameters = restored(engine, model.parameters);
  const table = await itemTable(engine, trained, parameters);
  const vectors = await readVectors(table);
  const { itemCount, dimension } = vectors;
  const graph = await buildUsearch(vectors, {
    ...(threads !== undefined && { threads }),
    async onProgress(done, total) {
      onProgress?.(done, total);
      await new Promise((resolve) => setImmediate(resolve));
    },
  });
  const encoder = createEncoder(engine, trained, parameters);
  const exact = createExactIndex(engine, table);
  try {
    const interests = await encoder.encode(usersOf(trained.log, most));
    const queries: Query[] = interests.filter(({ length }) => length > 0).map((vectors) => ({ vectors }));
    const depth = Math.min(at, itemCount);
    const wanted = await exact.search(queries, depth);
    const indexWith = (factor: number) => createUsearchIndex(graph, vectors, { factor });
    const { factor, recall: reached } = await factorFor(indexWith, queries, wanted, { at: depth, target });
    const description: IndexDescription = {
      kind: "usearch",
      fingerprint: fingerprintOf(vectors),
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

/** Users, evenly spread over the log. */
function usersOf(log: StoredModel["log"], most: number): Recipient[] {
  const step = Math.max(1, log.userCount / most);
  return Array.from({ length: Math.min(most, log.userCount) }, (_, i) => recipientAt(log, Math.floor(i * step)));
}
