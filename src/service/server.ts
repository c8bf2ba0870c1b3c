/** Needs Node: the service over HTTP. */
import { createHash, timingSafeEqual } from "node:crypto";
import type { StaticDocumentSpec } from "@fastify/swagger";
import type { FastifyError, FastifyInstance } from "fastify";
import { UnreachableError } from "../retrieval/attempts.ts";
import type { Metrics } from "./metrics.ts";
import type { ModelHolder } from "./model-holder.ts";
import { describeApi } from "./openapi.ts";
import type { Packages } from "./packages.ts";
import { Refusal, refuse } from "./refusal.ts";
import { addRoutes } from "./routes.ts";
import { createSchemas, type RequestLimits, requestLimits } from "./schemas.ts";

export interface ServerOptions {
  readonly limits?: RequestLimits | undefined;
  /** Bytes of a body at most. Default 1 MiB. */
  readonly bodyLimit?: number | undefined;
  /** What requests must show as a bearer token, but for `/health` and the API's description. Default: nothing. */
  readonly token?: string | undefined;
  /** Told of errors that are no fault of a request. */
  readonly onError?: ((error: Error) => void) | undefined;
}

export const bodyLimitDefault = 2 ** 20;

/** Milliseconds in which a request must have arrived. */
const requestTimeout = 30_000;

/** The service as a Fastify application, not yet listening; closing it lets what it has begun be answered. */
export async function createServer(
  { fastify, swagger, swaggerUi }: Packages,
  holder: ModelHolder,
  metrics: Metrics,
  { limits = requestLimits, bodyLimit = bodyLimitDefault, token, onError }: ServerOptions = {},
): Promise<FastifyInstance> {
  const app = fastify({ bodyLimit, requestTimeout });
  const schemas = createSchemas(limits);
  if (token !== undefined) requireToken(app, token);

  app.addHook("onRequest", async ({ routeOptions, method }, reply) => {
    reply.raw.once("close", () => {
      if (!reply.raw.writableEnded) metrics.request(routeOptions.url ?? "none", method, 499, reply.elapsedTime / 1000);
    });
  });
  app.addHook("onResponse", async ({ routeOptions, method }, { statusCode, elapsedTime }) => {
    metrics.request(routeOptions.url ?? "none", method, statusCode, elapsedTime / 1000);
  });
  // A connection that is kept alive would keep the service from closing after its last answer.
  let isClosing = false;
  app.addHook("preClose", async () => {
    isClosing = true;
  });
  app.addHook("onSend", async (_, reply) => {
    if (isClosing) reply.header("Connection", "close");
  });
  app.setErrorHandler((error: FastifyError, _, reply) => {
    const isUnreachable = error instanceof UnreachableError;
    const status = error instanceof Refusal ? error.status : isUnreachable ? 503 : (error.statusCode ?? 500);
    if (isUnreachable || (status === 500 && !(error instanceof Refusal))) onError?.(error);
    if (status === 401) reply.header("WWW-Authenticate", "Bearer");
    if (status === 429 || status === 503) reply.header("Retry-After", "1");
    return reply.code(status).send({ error: messageOf(error, status, bodyLimit) });
  });
  app.setNotFoundHandler((request) => refuse(404, `no route ${request.method} ${pathOf(request.url)}; see /docs`));

  // The plugin has no type for OpenAPI 3.1, whose schemas are those that zod writes.
  const document = describeApi(schemas, token !== undefined) as unknown as StaticDocumentSpec["document"];
  await app.register(swagger, { mode: "static", specification: { document } });
  await app.register(swaggerUi, { routePrefix: "/docs" });
  addRoutes(app, holder, schemas, metrics);
  await app.ready();
  return app;
}

function messageOf(error: FastifyError, status: number, bodyLimit: number): string {
  if (error instanceof Refusal) return error.message;
  if (status === 503) return "the database of the index does not answer; try again";
  if (status === 413) return `expected a body of at most ${bodyLimit} bytes; send the latest behaviours only`;
  if (status === 415) return "expected a body of content type application/json";
  if (status >= 400 && status < 500) return error.message.replace(/\s+/g, " ");
  return "an error of the service; its log says more";
}

const pathOf = (url: string) => url.split("?", 1)[0]!.slice(0, 100);

/** What may be seen without a token. */
const isOpen = (path: string) => path === "/health" || path === "/docs" || path.startsWith("/docs/");

function requireToken(app: FastifyInstance, token: string): void {
  // Hashes are of one length and tell nothing of how much of a guess was right.
  const hash = (text: string) => createHash("sha256").update(text).digest();
  const expected = hash(token);
  app.addHook("onRequest", async ({ headers, url }) => {
    if (isOpen(pathOf(url))) return;
    const given = /^Bearer (.+)$/i.exec(headers.authorization ?? "")?.[1];
    if (given === undefined) refuse(401, "expected the header Authorization: Bearer TOKEN");
    if (!timingSafeEqual(hash(given), expected)) refuse(401, "the token is another one");
  });
}
