import { z } from "zod";
import type { RecipientBody, RecommendBody, SimilarItemsBody } from "./bodies.ts";

/** What a request may ask for at most. */
export interface RequestLimits {
  /** Behaviours in a history. */
  readonly history: number;
  /** Items in an answer. */
  readonly top: number;
  /** Ids in each of `exclude` and `allow`. */
  readonly ids: number;
}

export const requestLimits: RequestLimits = { history: 10_000, top: 1000, ids: 10_000 };

export const topDefault = 20;

/** The bodies of requests; ids are those of the log. */
export function createSchemas(limits: RequestLimits) {
  const id = z.string().max(1000);
  const ids = (most: number, what: string) =>
    z
      .array(id)
      .max(most, { error: ({ input }) => `expected at most ${most} ${what}, got ${(input as unknown[]).length}` });
  const recipient = {
    history: ids(limits.history, "behaviours").meta({ description: "item ids, oldest first" }).optional(),
    times: z
      .array(z.number())
      .max(limits.history)
      .meta({ description: "when each behaviour was, in the units of the log; for models that see times" })
      .optional(),
    user: id.meta({ description: "a user of the log, in place of a history" }).optional(),
    profile: z
      .record(z.string(), z.union([id, z.array(id).max(100)]))
      .meta({ description: "values of the model's user features, by column; in place of those of the user" })
      .optional(),
  };
  const list = {
    top: z.int().min(1).max(limits.top).default(topDefault).meta({ description: "how many items at most" }),
    exclude: ids(limits.ids, "ids").meta({ description: "items that shall not be in the answer" }).optional(),
    allow: ids(limits.ids, "ids").meta({ description: "the only items that may be" }).optional(),
    excludeCategories: ids(limits.ids, "categories").meta({ description: "items of none of these" }).optional(),
    allowCategories: ids(limits.ids, "categories")
      .meta({ description: "items of one of these only; with allow: of both" })
      .optional(),
  };
  return {
    recommend: z.strictObject({
      ...recipient,
      ...list,
      includeSeen: z.boolean().default(false).meta({ description: "recommend items of the history too" }),
      policy: z
        .union([z.enum(["best", "quota"]), z.strictObject({ diversity: z.number().min(0) })], {
          error: 'expected "best", "quota" or { "diversity": lambda } with lambda of at least 0',
        })
        .default("best")
        .meta({
          description: "by best score, an equal share for each interest, or ComiRec's lambda for other categories",
        }),
    }) satisfies z.ZodType<RecommendBody>,
    interests: z.strictObject(recipient) satisfies z.ZodType<RecipientBody>,
    similarItems: z.strictObject({
      item: id.meta({ description: "an item of the log" }),
      ...list,
    }) satisfies z.ZodType<SimilarItemsBody>,
  };
}

export type Schemas = ReturnType<typeof createSchemas>;

const hit = {
  item: z.string(),
  title: z.string().optional(),
  score: z.number(),
};
const model = z.string().meta({ description: "fingerprint of the model that answered" });
const unknown = z
  .object({ history: z.int(), profile: z.int(), exclude: z.int(), allow: z.int() })
  .partial()
  .meta({ description: "how many of the ids that were sent the model does not know; they are left out" });

/** The answers, for the API's description. */
export const answerSchemas = {
  recommend: z.object({
    items: z.array(z.object({ ...hit, interest: z.int().meta({ description: "the interest that found it, from 1" }) })),
    activeInterests: z.int(),
    unknown,
    model,
  }),
  interests: z.object({ interests: z.array(z.array(z.number())), unknown, model }),
  similarItems: z.object({ items: z.array(z.object(hit)), by: z.literal("cosine of item vectors"), unknown, model }),
  error: z.object({ error: z.string() }),
};
