import { z } from "zod";
import { fail } from "../errors.ts";
import { type MindOptions, mindDefaults } from "../models/mind.ts";
import { type ModelName, type ModelOptions, type ModelSpec, modelDefaults, modelSpec } from "../models/registry.ts";
import { walsDefaults } from "../models/wals.ts";
import { trainingOptionsSchema } from "../training/model-folder-schema.ts";
import {
  checkModelSpec,
  comirecDrOptionsSchema,
  comirecSaOptionsSchema,
  dssmOptionsSchema,
  gru4recOptionsSchema,
  itemCfOptionsSchema,
  mindOptionsSchema,
  modelNameSchema,
  walsOptionsSchema,
} from "../training/model-spec-schema.ts";
import { type TrainingOptions, trainingDefaults, trainingDefaultsOf } from "../training/options.ts";
import { mindPresets, type Preset, presetNames } from "../training/presets.ts";
import { type Flag, flagOf, showValue } from "./options.ts";

const { gradient, ...mindShape } = mindOptionsSchema.shape;
const { transformDeviation, transformStart } = comirecDrOptionsSchema.shape;
const { attentionDimension } = comirecSaOptionsSchema.shape;
const { itemHiddenLayers } = dssmOptionsSchema.shape;
const { stateDimension } = gru4recOptionsSchema.shape;
const { neighbours, shrinkage } = itemCfOptionsSchema.shape;
const { confidence, regularisation } = walsOptionsSchema.shape;

/** The model of those who name none. */
export const defaultModel: ModelName = "mind";

/** Every option of the models; `routingGradient` is the model's `gradient`. */
export const modelSchema = {
  modelName: modelNameSchema,
  preset: z.enum(presetNames),
  ...mindShape,
  routingGradient: gradient,
  transformDeviation,
  transformStart,
  attentionDimension,
  itemHiddenLayers,
  stateDimension,
  neighbours,
  shrinkage,
  confidence,
  regularisation,
};

export const trainingSchema = trainingOptionsSchema.shape;

/** Options of a model as they were given. */
export type GivenModelOptions = {
  readonly modelName?: ModelName;
  readonly preset?: Preset;
  readonly routingGradient?: MindOptions["gradient"];
} & Omit<ModelOptions, "gradient">;

const modelDescriptions: Readonly<
  Record<Exclude<keyof typeof modelSchema, "seed">, readonly [value: string | undefined, description: string]>
> = {
  modelName: [
    "name",
    "mind, mind-short-video (clusters of behaviours whose embeddings stay), comirec-dr (dynamic routing by place in the history), comirec-sa (self-attention), remi (comirec-sa with hard negatives and regularised attention), maxmf (several sums of factors), gru4rec (recurrent), dssm (two towers, items with layers of their own), youtube-dnn (one vector, of the averaged history); fitted without a GPU: item-cf (similar items), wals (matrix factorisation) or most-popular",
  ],
  preset: ["name", "mind: what the options begin with: recommended, or paper for the choices of the paper"],
  dimension: ["d", "width of item vectors and interests"],
  interests: ["K", "most interests of a user"],
  iterations: ["R", "routing iterations"],
  length: ["L", `behaviours that the model sees of a user, the latest ones (item-cf and wals: ${walsDefaults.length})`],
  hiddenLayers: ["widths", "widths of the hidden layers after the interests, like 256,128, or none"],
  competition: ["over", "what a behaviour's routing weights sum to 1 over: interests (the paper) or behaviours"],
  update: ["rule", "routing logits accumulate (the paper) or overwrite"],
  routingGradient: [
    "of",
    "last: routing weights are constants to the gradient; all: every iteration is differentiated",
  ],
  similarity: [
    "kind",
    "behaviours agree with interests by dot product (dot, the paper) or by cosine, which embedding norms do not sway",
  ],
  similarityScale: ["number", "what a cosine counts in the routing logits"],
  activation: ["kind", "interests from the sum z of their behaviours: squash (the paper) or l2, z / |z|"],
  squashPower: ["p", "squash is (n^2 / (1 + n^2))^p / n times z, for n = |z|"],
  assignment: [
    "kind",
    "a behaviour counts for all interests by its weights (soft, the paper) or for that of its largest logit (hard)",
  ],
  interestRule: ["rule", "active interests from n behaviours: log2, log2-plus-one, log2-up, ln or fixed"],
  transform: ["kind", "behaviours are mapped by a trained S before they are routed (bilinear, the paper), or none"],
  initial: [
    "kind",
    "routing starts from random logits (gaussian, the paper), from behaviours far from each other (max-min), or from central ones that are not alike (markov: as many interests as there are such, at most K)",
  ],
  logitDeviation: ["number", "standard deviation of the initial routing logits of gaussian"],
  markovTemperature: ["number", "markov: behaviours lead to others by exp(cosine / number)"],
  markovThreshold: ["cosine", "markov: behaviours are alike above this cosine"],
  positions: [
    "kind",
    "learned vectors of places, which scale behaviours (mind, comirec-dr, maxmf) or which the attention sees (comirec-sa, remi): learned counts from the oldest, recent from the newest, or none",
  ],
  times: [
    "kind",
    "learned: vectors of the time from a behaviour to the newest, in powers of two, as for positions; or none",
  ],
  recentBehaviours: [
    "number",
    "mind: so many of the latest behaviours, in order, also reach the hidden layers; 0: none (the paper)",
  ],
  embeddingDeviation: ["number", "standard deviation of the first embeddings"],
  embeddingPrecision: ["kind", "stored item embeddings: f32, or f16 for half the bytes; all is computed in f32"],
  normaliseOutputs: [
    undefined,
    "score by cosine, of interests and item vectors of length 1; with a --temperature of 0.05 or so",
  ],
  inputEmbeddings: [
    "kind",
    "behaviours have the embeddings of the items that are scored (tied), their own (separate), or their own that never change (frozen)",
  ],
  profileDimension: ["width", "width of each embedding of the user profile"],
  transformDeviation: ["number", "comirec-dr: standard deviation of the first maps from behaviours to votes"],
  transformStart: ["kind", "comirec-dr: maps begin shared by all places of the history, or own to each"],
  attentionDimension: ["width", "comirec-sa and remi: width of the attention's hidden layer"],
  itemHiddenLayers: ["widths", "dssm: widths of the hidden layers of the item tower, or none"],
  stateDimension: ["width", "gru4rec: width of the recurrent state, a multiple of 4"],
  neighbours: ["k", "item-cf: how many of the most similar items are kept of each item"],
  shrinkage: ["number", "item-cf: draws similarities that rest on few users towards 0"],
  confidence: ["alpha", "wals: weight of an interaction beside a pair without one, which has 1"],
  regularisation: ["lambda", "wals: weight of the squared factors"],
};

const standards: Readonly<Record<string, unknown>> = {
  ...modelDefaults.wals,
  ...modelDefaults["item-cf"],
  ...modelDefaults.dssm,
  ...modelDefaults.gru4rec,
  ...modelDefaults["comirec-dr"],
  ...modelDefaults["comirec-sa"],
  ...mindDefaults,
  modelName: defaultModel,
  preset: "recommended",
  routingGradient: mindDefaults.gradient,
};

const remi = trainingDefaultsOf("remi");

const trainingDescriptions: Readonly<
  Record<keyof TrainingOptions, readonly [value: string | undefined, description: string]>
> = {
  epochs: ["number", "passes over all samples at most; wals: solutions for all users and all items"],
  batch: ["samples", "samples per step"],
  loss: ["kind", "sampled: softmax over negatives (the paper); full: over the catalogue, for small ones"],
  negatives: ["number", "negatives shared by a batch; with listed, at most so many of each list"],
  negativeSampling: [
    "kind",
    "negatives are drawn frequency (^ --negative-alpha), log-uniform (over frequency ranks) or uniform; in-batch: the other users' positives; listed: each sample's own, the neg_items of a file of samples",
  ],
  negativeAlpha: ["power", "frequency negatives are drawn by frequency^power"],
  hardNegativesBeta: [
    "beta",
    `negatives weigh by e^(beta score), so that hard ones count for more (remi: ${remi.hardNegativesBeta}; its paper 0.1 to 10)`,
  ],
  temperature: ["number", `divides every score (dssm: ${trainingDefaultsOf("dssm").temperature})`],
  scoring: [
    "kind",
    "chosen: one vector by label-aware attention (the paper); best: each candidate by its best interest",
  ],
  attention: ["kind", "label-aware attention of chosen: hard (the paper), scaled or pow"],
  attentionScale: ["number", "beta of scaled attention"],
  attentionPower: ["number", "p of pow attention"],
  interestDecorrelation: [
    "weight",
    "keeps a user's interests apart: adds weight x mean over pairs of max(0, cosine - margin)^2 to the loss",
  ],
  decorrelationMargin: ["cosine", "margin of --interest-decorrelation: what costs nothing"],
  routingRegularisation: [
    "lambda",
    `keeps interests from being made of a single behaviour: adds lambda x what REMI penalises, its mean over users (remi: ${remi.routingRegularisation})`,
  ],
  pretraining: [
    "kind",
    "what item embeddings begin with: wals, vectors of weighted alternating least squares fitted to the log first, or none (the paper)",
  ],
  rate: ["number", `Adam's learning rate (mind, comirec-dr and maxmf: ${trainingDefaultsOf("mind").rate})`],
  rateHalfLife: [
    "epochs",
    `epochs in which the rate falls by half, or a part of one; 0: it stays (mind: ${trainingDefaultsOf("mind").rateHalfLife})`,
  ],
  patience: ["epochs", "epochs without a better validation after which training ends"],
  validationUsers: ["number", "users validated after each epoch at most, evenly spread"],
  includeSeen: [undefined, "leave items that a user has had in the ranking when judging"],
  seed: ["number", "seed of everything random"],
};

/** All flags of model and training, with the defaults of MIND. */
export const modelFlags: readonly Flag[] = [
  ...Object.entries(modelDescriptions).map(([key, [value, description]]) => ({
    key,
    ...(value !== undefined && { value, standard: standards[key] }),
    description,
    group: "Model:",
  })),
  ...Object.entries(trainingDescriptions).map(([key, [value, description]]) => ({
    key,
    ...(value !== undefined && { value, standard: trainingDefaults[key as keyof TrainingOptions] }),
    description,
    group: "Training:",
  })),
];

/** The model that the options describe; fails on options that the model does not have or that do not fit each other. */
export function givenModel(given: GivenModelOptions, seed: number): ModelSpec {
  const { modelName: name = defaultModel, preset, routingGradient, ...options } = given;
  const all = { ...options, ...(routingGradient && { gradient: routingGradient }) };
  for (const [key, value] of Object.entries(all)) {
    // The seed also makes the choices of a protocol.
    if (key !== "seed" && !(key in modelDefaults[name])) {
      const flag = flagOf(key === "gradient" ? "routingGradient" : key);
      const having = Object.entries(modelDefaults).filter(([, defaults]) => key in defaults);
      const names = listed(having.map(([other]) => other));
      fail(`${flag} ${showValue(value)}: ${name} has no such option; leave it out or use --model-name ${names}`);
    }
  }
  if (preset !== undefined && name !== "mind")
    fail(`--preset ${preset}: ${name} has no presets; leave it out or use --model-name mind`);
  const spec = modelSpec(name, { ...(preset && mindPresets[preset]), ...all, seed });
  checkModelSpec(spec);
  return spec;
}

/** The options of a model under their names on the command line. */
export function shownModel({ name, options }: ModelSpec): Readonly<Record<string, unknown>> {
  const { gradient: routingGradient, ...rest } = options as Partial<MindOptions>;
  return { modelName: name, ...rest, ...(routingGradient && { routingGradient }) };
}

/** "a, b or c". */
const listed = (names: readonly string[]): string =>
  [names.slice(0, -1).join(", "), ...names.slice(-1)].filter(Boolean).join(" or ");
