import type { Engine } from "../engine.ts";
import { fail } from "../errors.ts";
import { highestScores } from "../evaluation/highest.ts";
import { fittedModel, isFitted, type ModelSpec } from "../models/registry.ts";
import type { StoredModel } from "../training/model-folder.ts";
import { restored } from "../training/parameter-arrays.ts";
import { createEncoder, type Encoder, type Recipient } from "./encoder.ts";
import { createExactIndex, type ItemTable } from "./exact-index.ts";
import type { Hit, ItemIndex, Query } from "./item-index.ts";
import { itemTable, readVectors } from "./item-table.ts";
import { diversify, fillQuotas, type Policy } from "./policies.ts";
import { isPostgresUrl } from "./postgres.ts";
import { isQdrantUrl } from "./qdrant.ts";
import { createSimilarItems, type SimilarItems, type SimilarItemsRequest } from "./similar-items.ts";
import { isTrained } from "./trained-model.ts";

/** What one recipient asks for. */
export interface RecommendationRequest extends Recipient {
  /** How many items at most. */
  readonly top: number;
  /** Whether items of the history may be recommended; default: they are not. */
  readonly includeSeen?: boolean;
  /** Further items that shall not be recommended. */
  readonly exclude?: Iterable<number>;
  /** The only items that may be. */
  readonly allow?: Iterable<number>;
  /** Default: by the best score. */
  readonly policy?: Policy;
}

export interface Recommendation {
  readonly items: readonly Hit[];
  /** 0 for a history from which nothing can be made. */
  readonly activeInterests: number;
}

/** A stored model, ready to answer. */
export interface Recommender {
  recommend(requests: readonly RecommendationRequest[]): Promise<Recommendation[]>;
  /** For each recipient its interests, `[K, dimension]`; fails for models that make none. */
  interests(recipients: readonly Recipient[]): Promise<Float32Array[]>;
  /** For each request the items of highest cosine; fails for models without item vectors. The first call makes the table for it. */
  similarItems(requests: readonly SimilarItemsRequest[]): Promise<Hit[][]>;
  dispose(): void;
}

export interface RecommenderOptions {
  /**
   * Searches the model's item vectors: an index, the folder of one, or the address of a database that they were pushed to; default: the
   * exact one, on the engine's device.
   */
  readonly index?: ItemIndex | string | undefined;
  /** The table in PostgreSQL; default `polymind_items`. */
  readonly table?: string | undefined;
  /** Leaves the index of a folder on disk and reads what is touched; default false. */
  readonly mapIndex?: boolean | undefined;
}

/** Puts a model on the engine. */
export async function createRecommender(
  engine: Engine,
  model: StoredModel,
  { index, table: tableName, mapIndex = false }: RecommenderOptions = {},
): Promise<Recommender> {
  if (!isTrained(model)) {
    if (index !== undefined) fail(`${model.spec.name} makes no vectors to search an index for; leave the index out`);
    return createFittedRecommender(model);
  }
  const parameters = restored(engine, model.parameters);
  const encoder = createEncoder(engine, model, parameters);
  let made: Promise<ItemTable> | undefined;
  // Computed vectors are made once, for whoever asks first.
  const tableOf = () => (made ??= itemTable(engine, model, parameters));
  const searched = await indexOf();
  let similar: Promise<SimilarItems> | undefined;
  const { itemCount } = model.log;
  if (searched.itemCount !== itemCount || searched.dimension !== encoder.dimension) {
    fail(
      `expected an index of the model's ${itemCount} items of ${encoder.dimension} numbers, got one of ${searched.itemCount} of ${searched.dimension}; build it anew from this model`,
    );
  }

  async function indexOf(): Promise<ItemIndex> {
    if (typeof index === "object") return index;
    const table = await tableOf();
    if (index === undefined) return createExactIndex(engine, table);
    const vectors = await readVectors(table);
    if (isPostgresUrl(index)) {
      const { openPostgresIndex } = await import("./pgvector-index.ts");
      return openPostgresIndex({ url: index, ...(tableName && { table: tableName }) }, vectors);
    }
    if (tableName !== undefined)
      fail(`a table, ${tableName}, is only in PostgreSQL, and the index lies elsewhere; leave it out`);
    if (isQdrantUrl(index)) {
      const { openQdrantIndex } = await import("./qdrant-index.ts");
      return openQdrantIndex({ url: index }, vectors);
    }
    const { openIndex } = await import("./index-folder.ts");
    return (await openIndex(index, vectors, { map: mapIndex })).index;
  }

  return {
    recommend: (requests) => recommendTo(requests, encoder, searched),
    interests: (recipients) => encoder.encode(recipients),
    async similarItems(requests) {
      similar ??= tableOf().then((table) => createSimilarItems(engine, table));
      return (await similar).find(requests);
    },
    dispose() {
      encoder.dispose();
      similar?.then((items) => items.dispose());
      if (typeof index !== "object") searched.dispose();
    },
  };
}

const hiddenFrom = ({ history, includeSeen, exclude }: RecommendationRequest): number[] => [
  ...(includeSeen ? [] : history),
  ...(exclude ?? []),
];

async function recommendTo(
  requests: readonly RecommendationRequest[],
  { encode, dimension }: Encoder,
  index: ItemIndex,
): Promise<Recommendation[]> {
  const interests = await encode(requests);
  const deepest = (chosen: readonly number[]) => Math.max(...chosen.map((i) => requests[i]!.top));
  const queryOf = (i: number, vectors = interests[i]!): Query => ({
    vectors,
    hidden: hiddenFrom(requests[i]!),
    allowed: requests[i]!.allow,
  });
  const lists: (readonly Hit[])[] = requests.map(() => []);
  const joined = [...requests.keys()].filter((i) => (requests[i]!.policy?.kind ?? "best") === "best");
  const apart = [...requests.keys()].filter((i) => !joined.includes(i));
  if (joined.length > 0) {
    const found = await index.search(
      joined.map((i) => queryOf(i)),
      deepest(joined),
    );
    for (const [at, i] of joined.entries()) lists[i] = found[at]!.slice(0, requests[i]!.top);
  }
  if (apart.length > 0) {
    // Each interest asks for itself; the union of what they find holds what any policy can choose.
    const asked = apart.flatMap((i) =>
      Array.from({ length: interests[i]!.length / dimension }, (_, j) => ({
        i,
        j,
        query: queryOf(i, interests[i]!.subarray(j * dimension, (j + 1) * dimension)),
      })),
    );
    const found = await index.search(
      asked.map(({ query }) => query),
      deepest(apart),
    );
    for (const i of apart) {
      const own = asked.flatMap((question, at) =>
        question.i === i ? [found[at]!.map((hit) => ({ ...hit, interest: question.j }))] : [],
      );
      lists[i] = choose(own, requests[i]!);
    }
  }
  return requests.map((_, i) => ({ items: lists[i]!, activeInterests: interests[i]!.length / dimension }));
}

function choose(lists: readonly (readonly Hit[])[], { policy, top }: RecommendationRequest): readonly Hit[] {
  return policy?.kind === "diversity" ? diversify(lists, top, policy) : fillQuotas(lists, top);
}

/** Fitted models score the catalogue on the CPU, and their one list knows no policy. */
function createFittedRecommender({ spec, parameters, log }: StoredModel): Recommender {
  if (!isFitted(spec)) fail(`createFittedRecommender: expected a fitted model, got ${(spec as ModelSpec).name}`);
  const scorer = fittedModel(spec).scorer(parameters, log.itemCount);
  const scores = new Float32Array(log.itemCount + 1);
  const refuse = (what = "interests") => fail(`${spec.name} makes no ${what}; use a model that is trained`);
  return {
    async recommend(requests) {
      return requests.map((request) => {
        if ((request.policy?.kind ?? "best") !== "best") refuse();
        scorer.score(request.history, scores);
        if (request.allow) keepOnly(scores, new Set(request.allow));
        const items = highestScores(scores, request.top, new Set(hiddenFrom(request)));
        return {
          items: items.map((item) => ({ item, score: scores[item]!, interest: 0 })),
          activeInterests: 1,
        };
      });
    },
    interests: async () => refuse(),
    similarItems: async () => refuse("item vectors"),
    dispose() {},
  };
}

function keepOnly(scores: Float32Array, allowed: ReadonlySet<number>): void {
  for (let item = 1; item < scores.length; item++) if (!allowed.has(item)) scores[item] = Number.NaN;
}
