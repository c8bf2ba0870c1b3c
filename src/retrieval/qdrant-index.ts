import type { Schemas } from "@qdrant/js-client-rest";
import { checkSearch, filterOf, type Hit, type ItemFilter, type ItemIndex } from "./item-index.ts";
import { asQuery, fingerprintOf, type ItemVectors, refuseVersion } from "./item-vectors.ts";
import { mergeBest } from "./policies.ts";
import { aliasedCollection, connectQdrant, holdsVersion, isMissing, type QdrantTarget } from "./qdrant.ts";

/** What one request asks for at most: numbers of vectors and ids of filters, about 10 MB as JSON. */
const mostNumbers = 1_000_000;

/** One vector of a query. */
interface Search {
  readonly request: Schemas["QueryRequest"];
  /** Numbers that it brings into a request. */
  readonly numbers: number;
}

/**
 * Searches vectors that were pushed to Qdrant (see `pushToQdrant`): one search for each vector of a query, all in one request, merged here by
 * best score, since Qdrant's own MaxSim over several vectors is a sum. The push of another model ends the searches for this one with an
 * error instead of answers from vectors that mean something else.
 * @param items the model's own vectors, by which its version is known
 */
export async function openQdrantIndex(target: QdrantTarget, items: ItemVectors): Promise<ItemIndex> {
  const { itemCount, dimension } = items;
  const version = fingerprintOf(items);
  const server = await connectQdrant(target);
  const { ask, alias, shown } = server;

  /** The collection itself is searched, not its alias, so that an answer can come from no other version. */
  async function findCollection(): Promise<string> {
    const name = await aliasedCollection(server);
    if (name !== undefined && holdsVersion(name, alias, version)) return name;
    return refuseVersion(shown, name !== undefined);
  }

  let collection = await findCollection();

  async function searchAll(searches: readonly Schemas["QueryRequest"][]): Promise<Schemas["QueryResponse"][]> {
    const request = () => ask((client) => client.queryBatch(collection, { searches: [...searches] }));
    try {
      return await request();
    } catch (error) {
      // A later push removed it.
      if (!isMissing(error)) throw error;
      collection = await findCollection();
      return request();
    }
  }

  /** For each query one list for each of its vectors. */
  async function listsOf(queries: readonly FilteredQuery[], depth: number, exact: boolean): Promise<Hit[][][]> {
    const searches = queries.map((query) => searchesOf(query, depth, dimension, exact));
    const found: Schemas["QueryResponse"][] = [];
    for (const together of inRequests(searches.flat()))
      found.push(...(await searchAll(together.map(({ request }) => request))));
    let next = 0;
    return searches.map((own) =>
      own.map((_, interest) =>
        found[next++]!.points.map(({ id, score }): Hit => ({ item: Number(id), score, interest })),
      ),
    );
  }

  return {
    itemCount,
    dimension,
    async search(queries, depth) {
      checkSearch(queries, depth, dimension);
      const filtered = queries.map((query) => ({ vectors: query.vectors, filter: filterOf(query, itemCount) }));
      const lists = await listsOf(filtered, depth, false);
      // A filter can cut the graph of neighbours into parts that a search does not leave.
      const short = [...lists.keys()].filter((i) =>
        lists[i]!.some(({ length }) => length < Math.min(depth, filtered[i]!.filter.count)),
      );
      const again = await listsOf(
        short.map((i) => filtered[i]!),
        depth,
        true,
      );
      for (const [at, i] of short.entries()) lists[i] = again[at]!;
      return lists.map((own) => mergeBest(own, depth));
    },
    dispose() {},
  };
}

interface FilteredQuery {
  readonly vectors: Float32Array;
  readonly filter: ItemFilter;
}

function searchesOf(
  { vectors, filter: { hidden, allowed } }: FilteredQuery,
  depth: number,
  dimension: number,
  exact: boolean,
): Search[] {
  const filter = {
    ...(hidden.size > 0 && { must_not: [{ has_id: [...hidden] }] }),
    ...(allowed && { must: [{ has_id: [...allowed] }] }),
  };
  return asQuery(vectors, dimension).map((vector) => ({
    request: {
      query: [...vector],
      ...((hidden.size > 0 || allowed) && { filter }),
      limit: depth,
      params: exact ? { exact } : { hnsw_ef: Math.max(128, 2 * depth) },
      with_payload: false,
    },
    numbers: vector.length + hidden.size + (allowed?.size ?? 0),
  }));
}

/** The searches in as few requests as their sizes allow, which is mostly one. */
function inRequests(searches: readonly Search[]): Search[][] {
  const requests: Search[][] = [];
  let room = 0;
  for (const search of searches) {
    if (search.numbers > room) {
      requests.push([]);
      room = mostNumbers;
    }
    requests.at(-1)!.push(search);
    room -= search.numbers;
  }
  return requests;
}
