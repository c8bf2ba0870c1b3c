import { z } from "zod";
import { fail } from "../errors.ts";
import type { ComirecDrOptions } from "../models/comirec-dr.ts";
import type { ComirecSaOptions } from "../models/comirec-sa.ts";
import type { DssmOptions } from "../models/dssm.ts";
import type { Gru4recOptions } from "../models/gru4rec.ts";
import type { ItemCfOptions } from "../models/item-cf.ts";
import type { MaxmfOptions } from "../models/maxmf.ts";
import type { MindOptions } from "../models/mind.ts";
import type { SharedOptions } from "../models/model.ts";
import { type ModelSpec, modelNames } from "../models/registry.ts";
import type { WalsOptions } from "../models/wals.ts";
import { isRecord } from "../storage/json.ts";

export const whole = (least: number) => z.number().int().min(least);
export const above = (bound: number) => z.number().gt(bound);
/** The generator takes 32 bits. */
export const seed = z.number().int().min(0).max(0xffffffff);

const commonOptions = {
  dimension: whole(1),
  length: whole(1),
  embeddingDeviation: above(0),
  embeddingPrecision: z.enum(["f32", "f16"]),
  normaliseOutputs: z.boolean(),
  seed,
};

const inputEmbeddings = z.enum(["tied", "separate", "frozen"]);

const sharedOptions = {
  ...commonOptions,
  inputEmbeddings,
  hiddenLayers: z.array(whole(1)),
  profileDimension: whole(1),
};

const orderOptions = {
  positions: z.enum(["none", "learned", "recent"]),
  times: z.enum(["none", "learned"]),
};

export const sharedOptionsSchema = z.strictObject(sharedOptions) satisfies z.ZodType<SharedOptions>;

export const mindOptionsSchema = z.strictObject({
  ...sharedOptions,
  interests: whole(1).max(64),
  iterations: whole(1),
  competition: z.enum(["interests", "behaviours"]),
  update: z.enum(["accumulate", "overwrite"]),
  gradient: z.enum(["last", "all"]),
  similarity: z.enum(["dot", "cosine"]),
  similarityScale: above(0),
  activation: z.enum(["squash", "l2"]),
  squashPower: above(0),
  assignment: z.enum(["soft", "hard"]),
  interestRule: z.enum(["log2", "log2-plus-one", "log2-up", "ln", "fixed"]),
  transform: z.enum(["bilinear", "none"]),
  initial: z.enum(["gaussian", "max-min", "markov"]),
  logitDeviation: z.number().min(0),
  markovTemperature: z.number().min(0.02),
  markovThreshold: z.number().min(-1).max(1),
  recentBehaviours: whole(0),
  ...orderOptions,
}) satisfies z.ZodType<MindOptions>;

export const comirecDrOptionsSchema = z.strictObject({
  ...commonOptions,
  dimension: whole(4).multipleOf(4),
  inputEmbeddings,
  interests: whole(1).max(64),
  iterations: whole(1),
  transformDeviation: above(0),
  transformStart: z.enum(["shared", "own"]),
  ...orderOptions,
}) satisfies z.ZodType<ComirecDrOptions>;

export const comirecSaOptionsSchema = z.strictObject({
  ...commonOptions,
  inputEmbeddings,
  interests: whole(1).max(64),
  attentionDimension: whole(1),
  ...orderOptions,
}) satisfies z.ZodType<ComirecSaOptions>;

export const maxmfOptionsSchema = z.strictObject({
  ...commonOptions,
  interests: whole(1).max(64),
  ...orderOptions,
}) satisfies z.ZodType<MaxmfOptions>;

export const dssmOptionsSchema = z.strictObject({
  ...sharedOptions,
  itemHiddenLayers: z.array(whole(1)),
}) satisfies z.ZodType<DssmOptions>;

export const gru4recOptionsSchema = z.strictObject({
  ...sharedOptions,
  stateDimension: whole(4).multipleOf(4),
}) satisfies z.ZodType<Gru4recOptions>;

export const itemCfOptionsSchema = z.strictObject({
  length: whole(1),
  neighbours: whole(1),
  shrinkage: z.number().min(0),
}) satisfies z.ZodType<ItemCfOptions>;

export const walsOptionsSchema = z.strictObject({
  dimension: whole(1),
  length: whole(1),
  confidence: above(0),
  regularisation: above(0),
  embeddingDeviation: above(0),
  seed,
}) satisfies z.ZodType<WalsOptions>;

export const modelNameSchema = z.enum(modelNames);

/** What models that were saved before there was a choice leave out. */
const sinceAdded = {
  embeddingPrecision: sharedOptions.embeddingPrecision.default("f32"),
  inputEmbeddings: sharedOptions.inputEmbeddings.default("tied"),
  normaliseOutputs: sharedOptions.normaliseOutputs.default(false),
};
const orderSinceAdded = {
  positions: orderOptions.positions.default("none"),
  times: orderOptions.times.default("none"),
};
const routing = mindOptionsSchema.shape;
const mindSinceAdded = {
  ...sinceAdded,
  ...orderSinceAdded,
  similarity: routing.similarity.default("dot"),
  similarityScale: routing.similarityScale.default(20),
  activation: routing.activation.default("squash"),
  squashPower: routing.squashPower.default(1),
  assignment: routing.assignment.default("soft"),
  transform: routing.transform.default("bilinear"),
  initial: routing.initial.default("gaussian"),
  markovTemperature: routing.markovTemperature.default(0.1),
  markovThreshold: routing.markovThreshold.default(0.5),
  recentBehaviours: routing.recentBehaviours.default(0),
};
const comirecSinceAdded = { ...sinceAdded, times: orderOptions.times.default("none") };

/** Folders of earlier versions call YouTube DNN by what it makes of a user. */
const readOlderName = (spec: unknown): unknown =>
  isRecord(spec) && spec["name"] === "single-vector" ? { ...spec, name: "youtube-dnn" } : spec;

const namedSpecSchema = z.discriminatedUnion("name", [
  z.strictObject({ name: z.literal("mind"), options: mindOptionsSchema.extend(mindSinceAdded) }),
  z.strictObject({ name: z.literal("mind-short-video"), options: mindOptionsSchema }),
  z.strictObject({ name: z.literal("youtube-dnn"), options: sharedOptionsSchema.extend(sinceAdded) }),
  z.strictObject({ name: z.literal("comirec-dr"), options: comirecDrOptionsSchema.extend(orderSinceAdded) }),
  z.strictObject({ name: z.literal("comirec-sa"), options: comirecSaOptionsSchema.extend(comirecSinceAdded) }),
  z.strictObject({ name: z.literal("remi"), options: comirecSaOptionsSchema }),
  z.strictObject({ name: z.literal("maxmf"), options: maxmfOptionsSchema.extend(orderSinceAdded) }),
  z.strictObject({ name: z.literal("dssm"), options: dssmOptionsSchema }),
  z.strictObject({ name: z.literal("gru4rec"), options: gru4recOptionsSchema.extend(sinceAdded) }),
  z.strictObject({ name: z.literal("item-cf"), options: itemCfOptionsSchema }),
  z.strictObject({ name: z.literal("wals"), options: walsOptionsSchema }),
  z.strictObject({ name: z.literal("most-popular"), options: z.strictObject({}) }),
]);

export const modelSpecSchema = z.preprocess(readOlderName, namedSpecSchema) satisfies z.ZodType<ModelSpec>;

/** Fails unless the options of a model fit each other. */
export function checkModelSpec({ name, options }: ModelSpec): void {
  if (name === "comirec-dr" && options.dimension % 4 !== 0) {
    fail(
      `dimension ${options.dimension}: comirec-dr routes votes whose width is a multiple of 4; set --dimension to one`,
    );
  }
  if (name === "mind" || name === "mind-short-video") checkMindOptions(options);
}

function checkMindOptions(options: MindOptions): void {
  if (options.interests > options.length) {
    fail(
      `interests ${options.interests} is more than length ${options.length}: a user has at most as many interests as behaviours; lower --interests or raise --length`,
    );
  }
  if (options.gradient === "all" && options.assignment === "hard") {
    fail(
      "--routing-gradient all: expected --assignment soft, got hard, which lets no gradient through; set one of the two",
    );
  }
  if (options.gradient === "all" && options.initial !== "gaussian") {
    fail(
      `--routing-gradient all: expected --initial gaussian, got ${options.initial}, whose choice has no gradient; set one of the two`,
    );
  }
}
