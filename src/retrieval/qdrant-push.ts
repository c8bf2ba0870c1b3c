import { randomUUID } from "node:crypto";
import { fail } from "../errors.ts";
import { equallyLong, fingerprintOf, type ItemVectors } from "./item-vectors.ts";
import {
  aliasedCollection,
  collectionName,
  connectQdrant,
  isOwnCollection,
  type QdrantServer,
  type QdrantTarget,
} from "./qdrant.ts";

export interface QdrantPushOptions {
  /** Parts that the collection is spread in over the nodes of a cluster; default: what the server is set to. */
  readonly shards?: number | undefined;
  /** Nodes that hold each part; default: what the server is set to. */
  readonly replicas?: number | undefined;
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
}

/** Numbers that one request carries at most, about 4 MB as JSON; a Qdrant takes 32. */
const numbersAtOnce = 200_000;
const itemsAtOnce = 1000;

/** Milliseconds between two questions whether the graph is built, growing up to the second, and how long that may take. */
const [firstLook, slowestLook, longestBuild] = [50, 2000, 2 * 3600 * 1000];

/**
 * Loads a model's item vectors into a collection of their own in Qdrant; when all of them are there and the graph of neighbours is built, the
 * alias that searches know is moved to it in one step, and the old collection is removed. A push that breaks leaves the old one in use;
 * what it left behind is removed by the next.
 * @param itemIds the log's id of each item, `[itemCount + 1]`, kept as payload `id`
 */
export async function pushToQdrant(
  target: QdrantTarget,
  items: ItemVectors,
  itemIds: readonly string[],
  { shards, replicas, onProgress }: QdrantPushOptions = {},
): Promise<{ readonly version: string }> {
  const version = fingerprintOf(items);
  const server = await connectQdrant(target);
  const { alias, ask } = server;
  await requireAlias(server);
  await removeUnused(server);
  const name = collectionName(alias, version, randomUUID().slice(0, 8));
  try {
    // Sent twice, where the answer to the first was lost, it is refused because the collection is there.
    await ask((client) =>
      client
        .createCollection(name, {
          vectors: { size: items.dimension + 1, distance: "Dot" },
          ...(shards !== undefined && { shard_number: shards }),
          ...(replicas !== undefined && { replication_factor: replicas }),
        })
        .catch(async (error: unknown) => (await client.collectionExists(name)).exists || Promise.reject(error)),
    );
    await load(server, name, items, itemIds, onProgress);
    await untilBuilt(server, name, items.itemCount);
  } catch (error) {
    await server.client.deleteCollection(name).catch(() => undefined);
    throw error;
  }
  // From here on nothing is removed on failure: whether the alias was moved is not known when the answer is lost.
  const old = await aliasedCollection(server);
  await ask((client) =>
    client.updateCollectionAliases({
      actions: [
        ...(old === undefined ? [] : [{ delete_alias: { alias_name: alias } }]),
        { create_alias: { alias_name: alias, collection_name: name } },
      ],
    }),
  );
  await removeUnused(server).catch(() => undefined);
  return { version };
}

/** Fails where a collection that somebody else made has the name already. */
async function requireAlias({ ask, alias, shown }: QdrantServer): Promise<void> {
  const { collections } = await ask((client) => client.getCollections());
  if (collections.some(({ name }) => name === alias)) {
    fail(
      `${shown}: expected no collection of that name, which is to be the alias of those that are pushed; name another, or drop it`,
    );
  }
}

/** Collections of earlier pushes that no alias stands for: broken ones, and the last but one. */
async function removeUnused({ ask, alias }: QdrantServer): Promise<void> {
  const { collections } = await ask((client) => client.getCollections());
  for (const { name } of collections) {
    if (!isOwnCollection(name, alias)) continue;
    const { aliases } = await ask((client) => client.getAliases());
    if (aliases.some(({ collection_name }) => collection_name === name)) continue;
    await ask((client) => client.deleteCollection(name));
  }
}

async function load(
  { ask }: QdrantServer,
  name: string,
  items: ItemVectors,
  itemIds: readonly string[],
  onProgress: QdrantPushOptions["onProgress"],
): Promise<void> {
  const { itemCount, dimension } = items;
  const write = equallyLong(items);
  const atOnce = Math.max(1, Math.min(itemsAtOnce, Math.floor(numbersAtOnce / (dimension + 1))));
  const vector = new Float32Array(dimension + 1);
  for (let first = 1; first <= itemCount; first += atOnce) {
    const ids = Array.from({ length: Math.min(atOnce, itemCount + 1 - first) }, (_, i) => first + i);
    const vectors = ids.map((item) => {
      write(item, vector, 0);
      return [...vector];
    });
    const payloads = ids.map((item) => ({ id: itemIds[item]! }));
    await ask((client) => client.upsert(name, { wait: true, batch: { ids, vectors, payloads } }));
    onProgress?.(first + ids.length - 1, itemCount);
  }
}

/** Waits for the graph of neighbours, which the server builds in the background; fails unless all items are there. */
async function untilBuilt({ ask, shown }: QdrantServer, name: string, itemCount: number): Promise<void> {
  const { count } = await ask((client) => client.count(name, { exact: true }));
  if (count !== itemCount) {
    fail(
      `${shown}: expected ${itemCount} items in ${name}, got ${count}; was it dropped by another push? Push again, one at a time`,
    );
  }
  const begun = performance.now();
  for (let pause = firstLook; ; pause = Math.min(slowestLook, pause * 2)) {
    const { status, optimizer_status } = await ask((client) => client.getCollection(name));
    if (status === "red" || typeof optimizer_status !== "string")
      fail(`${shown}: the server cannot build the graph of ${name}: ${JSON.stringify(optimizer_status)}; see its log`);
    if (status !== "yellow") return;
    if (performance.now() - begun > longestBuild)
      fail(`${shown}: the graph of ${name} was not built within two hours; is the server busy with something else?`);
    await new Promise((resolve) => setTimeout(resolve, pause));
  }
}
