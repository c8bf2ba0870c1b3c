import type { NegativeDistribution } from "../data/negatives.ts";
import type { ModelName } from "../models/registry.ts";

/** How a model is trained. Where the MIND paper leaves a choice open, the comment says what decided. */
export interface TrainingOptions {
  /** Passes over all samples at most; default 10. */
  readonly epochs: number;
  /** Samples per step; default 512. */
  readonly batch: number;
  /** `"sampled"` softmax over negatives (the paper), or `"full"` softmax over the catalogue, for small ones. */
  readonly loss: "sampled" | "full";
  /** Negatives shared by a batch, or at most so many of a sample's own, its first; default 1000. */
  readonly negatives: number;
  /**
   * How negatives are drawn: `"uniform"`, `"log-uniform"` over the rank by frequency, or `"frequency"`^alpha (default); or not at
   * all: `"in-batch"` takes the other users' positives, as many as the batch has, and `"listed"` those that the log lists for each
   * sample (`negatives` of the training part), which its loss alone is over; samples that list none are left out.
   */
  readonly negativeSampling: NegativeDistribution | "in-batch" | "listed";
  /** Negatives of `"frequency"` are drawn by frequency^alpha; default 0.75. */
  readonly negativeAlpha: number;
  /**
   * beta of interest-aware hard negatives (REMI, RecSys 2023): a negative weighs by e^(beta score) over the mean of these weights;
   * default 0, all alike. Of the sampled loss.
   */
  readonly hardNegativesBeta: number;
  /** Divides every score; default 1. */
  readonly temperature: number;
  /**
   * `"best"` (default): each candidate is scored by its own best interest, so that training moves the score that retrieval
   * serves. `"chosen"` (the paper): label-aware attention makes one vector that scores all candidates.
   */
  readonly scoring: "chosen" | "best";
  /** Label-aware attention of `"chosen"`: `"hard"` is the paper's p = infinity, its fastest and best. */
  readonly attention: "hard" | "scaled" | "pow";
  /** beta of `"scaled"`; default 1. */
  readonly attentionScale: number;
  /** p of `"pow"`; default 2. */
  readonly attentionPower: number;
  /** Weight of what keeps a user's interests apart: the mean over pairs of max(0, cosine - margin)^2, added to the loss; default 0. */
  readonly interestDecorrelation: number;
  /** The cosine of two interests that costs nothing, from 0 to 1; default 0. */
  readonly decorrelationMargin: number;
  /**
   * lambda of REMI's routing regularisation (RecSys 2023), which keeps interests from being made of a single behaviour: the mean over
   * users of || diag((A - mean)(A - mean)^T / d) ||^2, A the weights of routing or attention, added to the loss; default 0. The
   * authors' code sums over batches of 128 users instead: its lambda of 100 is 12,800 here.
   */
  readonly routingRegularisation: number;
  /**
   * What item embeddings begin with: `"wals"` (default), the item vectors of weighted alternating least squares, which are fitted to
   * the training part first and helped every model that was measured, or `"none"`, nothing but chance. Vectors that a dataset brings
   * take the place of both.
   */
  readonly pretraining: "none" | "wals";
  /** Adam's rate; default 1e-3. */
  readonly rate: number;
  /** Epochs in which the rate falls by half, or a part of one; default 0: it stays as it is. */
  readonly rateHalfLife: number;
  /** Epochs without a better validation after which training ends; default 3. */
  readonly patience: number;
  /** Users validated after each epoch at most, evenly spread; default 10,000. */
  readonly validationUsers: number;
  /** Whether a user's seen items stay in the ranking when validating. */
  readonly includeSeen: boolean;
  readonly seed: number;
}

/** The defaults of most models. */
export const trainingDefaults: TrainingOptions = {
  epochs: 10,
  batch: 512,
  loss: "sampled",
  negatives: 1000,
  negativeSampling: "frequency",
  negativeAlpha: 0.75,
  hardNegativesBeta: 0,
  temperature: 1,
  scoring: "best",
  attention: "hard",
  attentionScale: 1,
  attentionPower: 2,
  interestDecorrelation: 0,
  decorrelationMargin: 0,
  routingRegularisation: 0,
  pretraining: "wals",
  rate: 1e-3,
  rateHalfLife: 0,
  patience: 3,
  validationUsers: 10_000,
  includeSeen: false,
  seed: 1,
};

/**
 * What models need otherwise: the paper's rate of ComiRec-DR; a temperature under which cosines tell candidates apart; a rate for
 * MaxMF, which has no layers that would help its embeddings along (two epochs of MovieLens latest-small: HitRate@50 .197, with 1e-3 .118); REMI's hard
 * negatives with a beta in the middle of the paper's 0.1 to 10 (from fitted vectors, HitRate@50 of MovieLens latest-small .288, with 10
 * .261; of KuaiRec .315, with 10 .299; from random ones 10 was better), and its lambda of 100, which is summed over batches of 128 there.
 */
const ownDefaults: Partial<Record<ModelName, Partial<TrainingOptions>>> = {
  "comirec-dr": { rate: 5e-3 },
  dssm: { temperature: 0.05 },
  maxmf: { rate: 5e-3 },
  remi: { hardNegativesBeta: 1, routingRegularisation: 12_800 },
  mind: { rate: 5e-3, rateHalfLife: 1, interestDecorrelation: 0.3, decorrelationMargin: 0.5 },
};

/** The defaults of one model. */
export const trainingDefaultsOf = (name: ModelName): TrainingOptions => ({ ...trainingDefaults, ...ownDefaults[name] });
