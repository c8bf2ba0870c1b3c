import { z } from "zod";
import { answerSchemas, type Schemas } from "./schemas.ts";

/** The OpenAPI description of the routes. */
export function describeApi(schemas: Schemas, needsToken: boolean) {
  const json = (schema: z.ZodType, io: "input" | "output") => {
    const { $schema, ...described } = z.toJSONSchema(schema, { io });
    return { "application/json": { schema: described } };
  };
  const failure = (description: string) => ({ description, content: json(answerSchemas.error, "output") });
  const open = needsToken ? { security: [] } : {};
  const post = (summary: string, body: z.ZodType, answer: z.ZodType) => ({
    post: {
      summary,
      requestBody: { required: true, content: json(body, "input") },
      responses: {
        200: { description: "the answer", content: json(answer, "output") },
        400: failure("what is wrong with the request"),
        ...(needsToken && { 401: failure("no token, or another one") }),
        404: failure("a user or an item that the model does not know"),
        413: failure("a body that is too large"),
        429: failure("too many requests wait; Retry-After says when to come again"),
        503: failure("the device was lost, or the service is closing"),
      },
    },
  });
  const get = (summary: string, type: string) => ({
    summary,
    responses: { 200: { description: "the answer", content: { [type]: {} } } },
  });
  return {
    openapi: "3.1.0" as const,
    info: {
      title: "polymind",
      version: "1",
      description: "Recommendations of a multi-interest model. Ids are those of the log that the model was trained on.",
    },
    ...(needsToken && {
      components: { securitySchemes: { token: { type: "http" as const, scheme: "bearer" } } },
      security: [{ token: [] }],
    }),
    paths: {
      "/recommend": post("Items for a history or a user", schemas.recommend, answerSchemas.recommend),
      "/interests": post("The interests of a history or a user", schemas.interests, answerSchemas.interests),
      "/similar-items": post("Items like an item", schemas.similarItems, answerSchemas.similarItems),
      "/health": {
        get: { ...get("Model and device; 503 while the device is not ready", "application/json"), ...open },
      },
      "/metrics": { get: get("Metrics for Prometheus", "text/plain") },
      "/reload": {
        post: {
          summary: "Read the model's folder anew; the old model serves until the new one is ready",
          responses: {
            200: { description: "the new model serves", content: { "application/json": {} } },
            409: failure("a reload is under way"),
            500: failure("why the folder could not be loaded; the old model serves on"),
          },
        },
      },
    },
  };
}
