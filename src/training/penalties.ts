import { fail } from "../errors.ts";
import type { Value } from "../graph/graph.ts";
import { interestsOf, type TrainedSpec } from "../models/registry.ts";
import { interestSimilarity } from "../ops/interest-similarity.ts";
import { routingVariance } from "../ops/routing-variance.ts";
import { weightedMean } from "../ops/weighted-mean.ts";
import type { UserGraph } from "./encoded-users.ts";
import type { TrainingOptions } from "./options.ts";

/** What is added to the loss, `[1]` each: means over the users of a batch by their `weights`, `[batch]`. */
export function penalties(
  spec: TrainedSpec,
  { interests, interestCounts, routingWeights, lengths }: UserGraph,
  weights: Value,
  { interestDecorrelation, decorrelationMargin, routingRegularisation }: TrainingOptions,
): readonly Value[] {
  const found: Value[] = [];
  if (interestDecorrelation > 0) {
    if (interestsOf(spec) < 2) {
      fail(
        `--interest-decorrelation ${interestDecorrelation}: expected a model with several interests, got ${spec.name} with one; leave it out`,
      );
    }
    const similarity = interestSimilarity(interests, interestCounts, { margin: decorrelationMargin });
    found.push(weightedMean(similarity, weights, { scale: interestDecorrelation }));
  }
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
