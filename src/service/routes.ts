import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { z } from "zod";
import { PolymindError } from "../errors.ts";
import type { Hit } from "../retrieval/item-index.ts";
import type { Recommendation } from "../retrieval/recommender.ts";
import type { Metrics } from "./metrics.ts";
import type { ModelHolder, ServedModel } from "./model-holder.ts";
import { Refusal, refuse } from "./refusal.ts";
import type { Schemas } from "./schemas.ts";

/** Adds the routes of the service. */
export function addRoutes(app: FastifyInstance, holder: ModelHolder, schemas: Schemas, metrics: Metrics): void {
  app.post("/recommend", (request, reply) => {
    const body = parse(schemas.recommend, request);
    return holder.use(async ({ catalogue, batcher, fingerprint }) => {
      const { question, unknown } = catalogue.recommendation(body);
      const { items, activeInterests } = (await batcher.ask(
        { kind: "recommend", asked: question },
        gone(reply),
      )) as Recommendation;
      const named = items.map((hit) => ({ ...catalogue.name(hit), interest: hit.interest + 1 }));
      return { items: named, activeInterests, unknown, model: fingerprint };
    });
  });

  app.post("/interests", (request, reply) => {
    const body = parse(schemas.interests, request);
    return holder.use(async ({ catalogue, batcher, fingerprint }) => {
      const { question, unknown } = catalogue.recipient(body);
      const vectors = (await batcher.ask({ kind: "interests", asked: question }, gone(reply))) as Float32Array;
      return { interests: catalogue.interests(vectors), unknown, model: fingerprint };
    });
  });

  app.post("/similar-items", (request, reply) => {
    const body = parse(schemas.similarItems, request);
    return holder.use(async ({ catalogue, batcher, fingerprint }) => {
      const { question, unknown } = catalogue.similarItems(body);
      const hits = (await batcher.ask({ kind: "similarItems", asked: question }, gone(reply))) as readonly Hit[];
      return { items: hits.map(catalogue.name), by: "cosine of item vectors", unknown, model: fingerprint };
    });
  });

  app.get("/health", (_, reply) => {
    const { current } = holder;
    const { device, batcher } = current;
    reply.code(device.state === "ready" ? 200 : 503);
    return reply.send({ status: device.state, model: describeModel(current), device, waiting: batcher.waiting });
  });

  app.get("/metrics", async (_, reply) => {
    reply.type(metrics.contentType);
    return metrics.text();
  });

  app.post("/reload", async () => {
    try {
      const served = await holder.reload();
      metrics.reload("done");
      return { model: describeModel(served) };
    } catch (error) {
      metrics.reload("failed");
      if (!(error instanceof PolymindError)) throw error;
      return refuse(500, `${error.message} (${holder.current.fingerprint} serves on)`);
    }
  });
}

function describeModel({ model, fingerprint, since }: ServedModel) {
  const { itemCount, userCount } = model.log;
  return { name: model.spec.name, fingerprint, items: itemCount, users: userCount, since };
}

function parse<Schema extends z.ZodType>(schema: Schema, { body }: FastifyRequest): z.infer<Schema> {
  const { success, data, error } = schema.safeParse(body);
  if (success) return data;
  const [{ path, message }] = error.issues as [z.core.$ZodIssue];
  const where = path.length > 0 ? path.join(".") : "body";
  const plain = message.replace("Invalid input: ", "");
  return refuse(400, `${where}: ${plain.charAt(0).toLowerCase()}${plain.slice(1)}`);
}

/** Aborts when the client goes away before its answer. */
function gone({ raw }: FastifyReply): AbortSignal {
  const controller = new AbortController();
  raw.once("close", () => {
    if (!raw.writableEnded) controller.abort(new Refusal(499, "the client went away"));
  });
  return controller.signal;
}
