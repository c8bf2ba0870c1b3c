import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

interface Point {
  readonly vector: readonly number[];
  readonly payload: unknown;
}

interface Filter {
  readonly must?: readonly { readonly has_id: readonly number[] }[];
  readonly must_not?: readonly { readonly has_id: readonly number[] }[];
}

/** What happens to a request instead of an answer: its connection is cut, after or before it was done, or it gets that status, or none. */
export type Fault = "cut" | "cut after" | "silence" | number;

/** Chooses the fault of a request, `"PUT /collections/x"`, by the count of those of its kind before it. */
export type ChooseFault = (request: string, before: number) => Fault | undefined;

const refusal = (status: number, error: string) => ({ status, body: { status: { error }, time: 0 } });

/**
 * The routes of Qdrant's REST API that this package uses, exact and in memory: for tests of faults, which a real one does not have at
 * will. It refuses what a real one refuses: an alias with the name of a collection, points of a collection that is not there.
 */
export async function startQdrantStandIn({ apiKey }: { readonly apiKey?: string } = {}) {
  const collections = new Map<string, Map<number, Point>>();
  const aliases = new Map<string, string>();
  const requests: string[] = [];
  let longest = Number.POSITIVE_INFINITY;
  let chooseFault: ChooseFault = () => undefined;
  const pointsOf = (name: string) => collections.get(aliases.get(name) ?? name);

  function routes(method: string, path: readonly string[], body: Record<string, never>) {
    const [first, name = "", ...rest] = path;
    const route = `${method} /${[first, ...(name && first === "collections" ? ["*"] : []), ...rest].join("/")}`;
    if (route === "GET /collections") return { collections: [...collections.keys()].map((name) => ({ name })) };
    if (route === "GET /aliases")
      return { aliases: [...aliases].map(([alias_name, collection_name]) => ({ alias_name, collection_name })) };
    if (method === "POST" && name === "aliases") return changeAliases(body);
    if (route === "PUT /collections/*") {
      if (pointsOf(name)) return refusal(409, `Wrong input: Collection \`${name}\` already exists!`);
      return Boolean(collections.set(name, new Map()));
    }
    if (route === "DELETE /collections/*") {
      for (const [alias, of] of aliases) if (of === name) aliases.delete(alias);
      return collections.delete(name);
    }
    if (route === "GET /collections/*/exists") return { exists: pointsOf(name) !== undefined };
    const points = pointsOf(name);
    if (!points) return refusal(404, `Not found: Collection \`${name}\` doesn't exist!`);
    if (route === "GET /collections/*") return { status: "green", optimizer_status: "ok" };
    if (route === "POST /collections/*/points")
      return (body["ids"] as unknown as number[]).map((id) => ({ id, payload: points.get(id)?.payload }));
    if (route === "POST /collections/*/points/count") return { count: points.size };
    if (route === "PUT /collections/*/points") {
      const { ids, vectors, payloads } = body["batch"] as unknown as Record<string, never[]>;
      for (const [i, id] of ids!.entries()) points.set(id, { vector: vectors![i]!, payload: payloads![i] });
      return { operation_id: 0, status: "completed" };
    }
    if (route === "POST /collections/*/points/query/batch")
      return (body["searches"] as unknown as Parameters<typeof query>[1][]).map((asked) =>
        query(points, asked, longest),
      );
    return refusal(405, `${route} is not here`);
  }

  function changeAliases({ actions }: Record<string, never>) {
    const changed = new Map(aliases);
    for (const { create_alias, delete_alias } of actions as Record<string, Record<string, string>>[]) {
      if (delete_alias) changed.delete(delete_alias["alias_name"]!);
      if (!create_alias) continue;
      const { alias_name: alias = "", collection_name: name = "" } = create_alias;
      if (!collections.has(name)) return refusal(404, `Not found: Collection \`${name}\` doesn't exist!`);
      if (collections.has(alias)) return refusal(400, `Wrong input: Collection with the same name exists: ${alias}`);
      changed.set(alias, name);
    }
    aliases.clear();
    for (const [alias, name] of changed) aliases.set(alias, name);
    return true;
  }

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = "", url = "" } = request;
    const path = decodeURIComponent(url.split("?")[0]!);
    const label = `${method} ${path}`;
    const before = requests.filter((known) => known === label).length;
    requests.push(label);
    const text: Buffer[] = [];
    for await (const part of request) text.push(part as Buffer);
    const fault = chooseFault(label, before);
    if (fault === "silence") return;
    if (fault === "cut") return void request.socket.destroy();
    const body = text.length > 0 ? JSON.parse(Buffer.concat(text).toString()) : {};
    const isKnown = apiKey === undefined || request.headers["api-key"] === apiKey;
    const result = isKnown ? routes(method, path.split("/").slice(1), body) : refusal(401, "Must provide an API key");
    if (fault === "cut after") return void request.socket.destroy();
    const failed = typeof fault === "number" ? refusal(fault, "Service internal error: no luck") : result;
    const isRefusal = typeof failed === "object" && "body" in failed;
    response.writeHead(isRefusal ? failed.status : 200, { "content-type": "application/json" });
    response.end(JSON.stringify(isRefusal ? failed.body : { result, status: "ok", time: 0 }));
  }

  const server = createServer((request, response) => void answer(request, response));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    host: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    collections,
    aliases,
    /** All that were made, as `"PUT /collections/x"`. */
    requests,
    fail(choose: ChooseFault) {
      requests.length = 0;
      chooseFault = choose;
    },
    /** Searches that are not exact find at most so many. */
    shorten(most: number) {
      longest = most;
    },
    async stop() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

function query(
  points: ReadonlyMap<number, Point>,
  asked: {
    readonly query: readonly number[];
    readonly limit: number;
    readonly filter?: Filter;
    readonly params?: { readonly exact?: boolean };
  },
  longest: number,
) {
  const { must = [], must_not = [] } = asked.filter ?? {};
  const among = must.map(({ has_id }) => new Set(has_id));
  const left = must_not.map(({ has_id }) => new Set(has_id));
  const found = [...points]
    .filter(([id]) => among.every((ids) => ids.has(id)) && !left.some((ids) => ids.has(id)))
    .map(([id, { vector }]) => ({ id, score: vector.reduce((sum, x, c) => sum + x * asked.query[c]!, 0), version: 0 }))
    .sort((one, other) => other.score - one.score);
  return { points: found.slice(0, asked.params?.exact ? asked.limit : Math.min(asked.limit, longest)) };
}
