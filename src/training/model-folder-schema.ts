import { z } from "zod";
import { tunedChoicesSchema } from "../device/tuning-file.ts";
import { fail } from "../errors.ts";
import type { RankingMetrics } from "../evaluation/metrics.ts";
import type { Judgement } from "./judge.ts";
import { dataDescriptionSchema } from "./model-folder-data.ts";
import { above, modelSpecSchema, seed, whole } from "./model-spec-schema.ts";
import type { TrainingOptions } from "./options.ts";
import { readOlderProtocol } from "./protocol.ts";

export const trainingOptionsSchema = z.strictObject({
  epochs: whole(1),
  batch: whole(1),
  loss: z.enum(["sampled", "full"]),
  negatives: whole(1),
  negativeSampling: z.enum(["uniform", "log-uniform", "frequency", "in-batch", "listed"]),
  negativeAlpha: z.number().min(0),
  hardNegativesBeta: z.number().min(0),
  temperature: above(0),
  scoring: z.enum(["chosen", "best"]),
  attention: z.enum(["hard", "scaled", "pow"]),
  attentionScale: above(0),
  attentionPower: z.number().min(0),
  interestDecorrelation: z.number().min(0),
  decorrelationMargin: z.number().min(0).max(1),
  routingRegularisation: z.number().min(0),
  pretraining: z.enum(["none", "wals"]),
  rate: above(0),
  rateHalfLife: z.number().min(0),
  patience: whole(1),
  validationUsers: whole(1),
  includeSeen: z.boolean(),
  seed,
}) satisfies z.ZodType<TrainingOptions>;

/** What trainings that were saved before there was a choice had. */
const trainingSinceAdded = {
  negativeSampling: trainingOptionsSchema.shape.negativeSampling.default("frequency"),
  hardNegativesBeta: trainingOptionsSchema.shape.hardNegativesBeta.default(0),
  interestDecorrelation: trainingOptionsSchema.shape.interestDecorrelation.default(0),
  decorrelationMargin: trainingOptionsSchema.shape.decorrelationMargin.default(0),
  routingRegularisation: trainingOptionsSchema.shape.routingRegularisation.default(0),
  pretraining: trainingOptionsSchema.shape.pretraining.default("none"),
  rateHalfLife: trainingOptionsSchema.shape.rateHalfLife.default(0),
};

const metrics = z.array(
  z.strictObject({ at: whole(1), hitRate: z.number(), recall: z.number(), ndcg: z.number(), mrr: z.number() }),
);

const history = z.array(
  z.strictObject({
    epoch: whole(0),
    loss: z.number().nullable(),
    seconds: z.number(),
    samplesPerSecond: z.number(),
    validation: metrics,
    interestCosine: z.number().nullable(),
  }),
);

/** How good a model is on users it was never trained or validated on, with the most popular items beside it. */
export interface TestResult
  extends Pick<Judgement, "users" | "interestCosine" | "alike" | "activeInterests" | "interestsInUse"> {
  readonly includeSeen: boolean;
  readonly model: readonly RankingMetrics[];
  readonly mostPopular: readonly RankingMetrics[];
}

const testResultSchema = z.strictObject({
  users: whole(0),
  includeSeen: z.boolean(),
  model: metrics,
  mostPopular: metrics,
  interestCosine: z.number().nullable(),
  alike: z.number().nullable(),
  activeInterests: z.number().nullable(),
  interestsInUse: z.number().nullable(),
} satisfies Record<keyof TestResult, z.ZodType>) satisfies z.ZodType<TestResult>;

export const progressSchema = z.strictObject({
  epoch: whole(0),
  step: whole(0),
  history,
  bestEpoch: whole(0).optional(),
  finished: z.boolean(),
});

export const format = "polymind-model";
export const version = 1;

export const configSchema = z.strictObject({
  format: z.literal(format),
  version: z.literal(version),
  model: modelSpecSchema,
  training: trainingOptionsSchema.extend(trainingSinceAdded),
  data: z.preprocess(readOlderProtocol, dataDescriptionSchema),
  /** The tuned choices of kernels that it is trained with, where it was asked for them; another family of kernels changes bits. */
  tuning: tunedChoicesSchema.optional(),
  counts: z.strictObject({ users: whole(0), items: whole(1), interactions: whole(0) }),
  results: z.strictObject({
    /** What the model was trained on. */
    adapter: z.string(),
    epochs: history,
    bestEpoch: whole(0).optional(),
    finished: z.boolean(),
    test: testResultSchema.optional(),
  }),
});

export const featureTableSchema = z.strictObject({
  fields: z.array(
    z.strictObject({ name: z.string(), width: whole(0), values: z.array(z.string()), firstFeature: whole(1) }),
  ),
  rowCount: whole(0),
  width: whole(0),
  featureCount: whole(0),
  rows: z.array(whole(0)),
});

/** The value in the type of the schema; fails with one line that says where it does not fit. */
export function parseWith<Schema extends z.ZodType>(schema: Schema, value: unknown, file: string): z.infer<Schema> {
  const { success, data, error } = schema.safeParse(value);
  if (success) return data;
  const issue = error.issues[0]!;
  const where = issue.path.length > 0 ? `${issue.path.join(".")}: ` : "";
  return fail(`${file}: not what a polymind model holds: ${where}${issue.message}; restore a copy or train it again`);
}
