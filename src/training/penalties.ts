import { fail } from "../errors.ts";
import type { Value } from "../graph/graph.ts";
import { interestsOf, type TrainedSpec } from "../models/registry.ts";
import { routingVariance } from "../ops/routing-variance.ts";
import type { Decorrelation } from "../ops/sampled-softmax-loss.ts";
import { weightedMean } from "../ops/weighted-mean.ts";
import type { UserGraph } from "./encoded-users.ts";
import type { TrainingOptions } from "./options.ts";

/** What keeps the interests of a model apart, for the loss to add; nothing unless the options ask for it. */
export function decorrelationOf(
  spec: TrainedSpec,
  { interestDecorrelation: scale, decorrelationMargin: margin }: TrainingOptions,
): Decorrelation | undefined {
  if (scale <= 0) return undefined;
  if (interestsOf(spec) < 2) {
    fail(
      `--interest-decorrelation ${scale}: expected a model with several interests, got ${spec.name} with one; leave it out`,
    );
  }
  return { scale, margin };
}

/** What is added to the loss beside that, `[1]` each: means over the users of a batch by their `weights`, `[batch]`. */
export function penalties(
  spec: TrainedSpec,
  { routingWeights, lengths }: UserGraph,
  weights: Value,
  { routingRegularisation }: TrainingOptions,
): readonly Value[] {
  const found: Value[] = [];
  if (routingRegularisation > 0) {
    const variance = routingVariance(
      routingWeights ?? failWithoutWeights(spec, routingRegularisation),
      lengths,
      spec.options.dimension,
    );
    found.push(weightedMean(variance, weights, { scale: routingRegularisation }));
  }
  return found;
}

function failWithoutWeights({ name }: TrainedSpec, regularisation: number): never {
  const [got, use] =
    name === "mind"
      ? ["mind, which holds them constant", "--routing-gradient all"]
      : [`${name}, which has none`, "--model-name comirec-sa or remi"];
  return fail(
    `--routing-regularisation ${regularisation}: expected weights of behaviours that gradients flow through, got ${got}; use ${use}, or leave it out`,
  );
}
