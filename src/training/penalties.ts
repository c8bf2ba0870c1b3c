import { fail } from "../errors.ts";
import type { Value } from "../graph/graph.ts";
import type { EncodedUsers } from "../models/model.ts";
import { interestsOf, type TrainedSpec } from "../models/registry.ts";
import { interestSimilarity } from "../ops/interest-similarity.ts";
import { weightedMean } from "../ops/weighted-mean.ts";
import type { TrainingOptions } from "./options.ts";

/** What is added to the loss, `[1]` each: means over the users of a batch by their `weights`, `[batch]`. */
export function penalties(
  spec: TrainedSpec,
  { interests, interestCounts, weights }: EncodedUsers & { readonly weights: Value },
  { interestDecorrelation, decorrelationMargin }: TrainingOptions,
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
  return found;
}
