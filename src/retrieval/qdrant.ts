import type { QdrantClient } from "@qdrant/js-client-rest";
import { fail, PolymindError } from "../errors.ts";
import { attempted } from "./attempts.ts";

/** Where item vectors lie in a Qdrant. */
export interface QdrantTarget {
  /** `qdrant://host:6333/collection`, or with `https://` or `http://`; a key may stand before the host, as `https://:key@host`. */
  readonly url: string;
  /** Default: the key in the address, else the environment variable QDRANT_API_KEY, else none. */
  readonly apiKey?: string | undefined;
  /** Milliseconds that one request may take; default 60,000. */
  readonly timeout?: number | undefined;
}

export const isQdrantUrl = (text: string): boolean => /^(qdrant|https?):\/\//.test(text);

const usualPort = 6333;

/** What an address says. Both Qdrant's own clients and this one ask port 6333 where none is named. */
export function parseQdrantUrl(url: string) {
  // Of a scheme that it does not know URL leaves the port alone; for https it would hide 443.
  const text = url.replace(/^(qdrant|https?):/, "x-$1:");
  const { protocol, hostname, port, pathname, username, password } = URL.canParse(text)
    ? new URL(text)
    : fail(`expected an address like qdrant://host:6333/collection, got ${url.split("://")[0]}://...`);
  const https = protocol === "x-https:";
  const path = pathname.split("/").filter((part) => part !== "");
  const collection = decodeURIComponent(path.at(-1) ?? "");
  if (hostname === "" || !/^[\w.-]{1,100}$/.test(collection)) {
    fail(
      `expected an address like qdrant://host:6333/collection, with a collection of letters, digits, - . and _, got ${collection ? `the collection ${collection}` : "none"}`,
    );
  }
  const prefix = path.slice(0, -1).join("/");
  const host = { https, host: hostname, port: Number(port || usualPort), prefix: prefix && `/${prefix}` };
  const key = decodeURIComponent(password || username) || undefined;
  const shown = `${https ? "https" : "qdrant"}://${hostname}:${host.port}${host.prefix}/${collection}`;
  return { host, collection, key, shown };
}

/** A Qdrant, and the name by which a model's vectors are known there. */
export interface QdrantServer {
  readonly client: QdrantClient;
  /** An alias: each push fills a collection of its own and, when it is complete, gives it this name. */
  readonly alias: string;
  /** The address without its key. */
  readonly shown: string;
  /** Asks the server; a request that it does not answer, or not now, is sent again. */
  ask<T>(request: (client: QdrantClient) => Promise<T>): Promise<T>;
}

export async function connectQdrant({ url, apiKey, timeout = 60_000 }: QdrantTarget): Promise<QdrantServer> {
  const { host, collection, key = process.env["QDRANT_API_KEY"], shown } = parseQdrantUrl(url);
  const { QdrantClient } = await import("@qdrant/js-client-rest").catch((error: unknown) =>
    fail("Qdrant needs the package @qdrant/js-client-rest: npm install @qdrant/js-client-rest@1.18", error),
  );
  const given = apiKey ?? key;
  const headers = given === undefined ? {} : { "api-key": given };
  const client = new QdrantClient({ ...host, headers, timeout, checkCompatibility: false });
  return {
    ...{ client, alias: collection, shown },
    async ask(request) {
      try {
        return await attempted(shown, isTransient, () => request(client));
      } catch (error) {
        throw explained(error, shown);
      }
    },
  };
}

const statusOf = (error: unknown): number | undefined => (error as { status?: number }).status;

export const isMissing = (error: unknown): boolean =>
  error instanceof PolymindError && statusOf(error.cause ?? {}) === 404;

/** Overload, faults of the server, and what never became an answer. */
function isTransient(error: unknown): boolean {
  const status = statusOf(error);
  if (status !== undefined) return status >= 500 || status === 429;
  const { name, message } = error as Error;
  // fetch says so of sockets; an answer that was cut short may still end as text that is no JSON.
  return /fetch failed|terminated/.test(message) || /SyntaxError|Timeout|ResourceExhausted/.test(name);
}

/** Refusals of the server in one line; its own reason stands in the answer's body. */
function explained(error: unknown, shown: string): unknown {
  const status = statusOf(error);
  if (error instanceof PolymindError || status === undefined) return error;
  const { data } = error as { data?: { status?: { error?: string } } };
  const reason = (data?.status?.error ?? (error as Error).message).replace(/\s+/g, " ");
  const isRefused = status === 401 || status === 403;
  const advice = isRefused ? "; give its key in QDRANT_API_KEY or in the address, as https://:key@host" : "";
  return new PolymindError(`${shown}: ${reason} (status ${status})${advice}`, { cause: error });
}

const shownVersion = 16;

/** The name of a new collection: of which vectors, and of which push. */
export function collectionName(alias: string, version: string, push: string): string {
  return `${alias}-${version.slice(0, shownVersion)}-${push}`;
}

/** Whether a collection has a name that {@link collectionName} gave for the alias. */
export function isOwnCollection(name: string, alias: string): boolean {
  return name.startsWith(`${alias}-`) && /^-[0-9a-f]{16}-[0-9a-f]{8}$/.test(name.slice(alias.length));
}

export const holdsVersion = (name: string, alias: string, version: string): boolean =>
  isOwnCollection(name, alias) && name.startsWith(collectionName(alias, version, ""));

/** The collection that the alias stands for, if there is one. */
export async function aliasedCollection({ ask, alias }: QdrantServer): Promise<string | undefined> {
  const { aliases } = await ask((client) => client.getAliases());
  return aliases.find(({ alias_name }) => alias_name === alias)?.collection_name;
}
