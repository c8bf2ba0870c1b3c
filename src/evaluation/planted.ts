import { fail } from "../errors.ts";
import { checkInterests, dot, type UserInterests, unit, unitInterests } from "./interests.ts";
import type { Ragged } from "./most-popular.ts";

/**
 * The direction of each topic [topics, dimension]: the mean of the unit embeddings of its items, scaled to length 1.
 *
 * `embeddings` [items + 1, dimension]; `topicOfItem` [items + 1], a value of `topics` or more for an item of no topic; id 0 is
 * padding and left out. A topic without items has the direction zero, which is near to nothing.
 */
export function topicCentroids(embeddings: Float32Array, topicOfItem: Uint32Array, topics: number): Float32Array {
  const dimension = embeddings.length / topicOfItem.length;
  if (!Number.isInteger(dimension)) {
    fail(`topicCentroids expects embeddings [${topicOfItem.length}, dimension], got ${embeddings.length} values`);
  }
  const sums = Array.from({ length: topics }, () => new Float64Array(dimension));
  topicOfItem.forEach((topic, item) => {
    const sum = sums[topic];
    if (item === 0 || sum === undefined) return;
    const direction = unit(Float64Array.from(embeddings.subarray(item * dimension, (item + 1) * dimension)));
    direction.forEach((value, i) => {
      sum[i]! += value;
    });
  });
  const centroids = new Float32Array(topics * dimension);
  sums.forEach((sum, topic) => {
    centroids.set(unit(sum), topic * dimension);
  });
  return centroids;
}

/**
 * Mean share of a user's planted topics that the user's interests recovered, over the users with a planted topic.
 *
 * A topic is recovered when some active interest lies nearer (by cosine) to it than to every other topic, the user's own or
 * not, and that cosine exceeds `minimumCosine`. A bare cosine limit would let one interest between all topics recover every
 * one of them, since trained embeddings share a direction. As an interest has one nearest topic, it recovers at most one: the
 * count is the best one-to-one assignment of interests to topics.
 *
 * `cosine` says how near: the mean over a user's planted topics of the cosine with the interest that stands for each, by the
 * one-to-one matching with the largest sum, 0 where none does; then the mean over users.
 *
 * `centroids` [topics, dimension] in the space of the interests ({@link topicCentroids}); `planted` [users] topic ids, distinct
 * within a user, at most 16.
 */
export function recoveredInterests(
  users: UserInterests,
  centroids: Float32Array,
  planted: Ragged,
  minimumCosine = 0,
): { share: number | null; cosine: number | null; users: number } {
  checkInterests(users);
  const { dimension } = users;
  if (planted.offsets.length !== users.counts.length + 1 || centroids.length % dimension !== 0) {
    const got = `${planted.offsets.length} offsets and ${centroids.length} centroid values`;
    fail(
      `recoveredInterests expects ${users.counts.length + 1} offsets and centroids [topics, ${dimension}], got ${got}`,
    );
  }
  const topics = Array.from({ length: centroids.length / dimension }, (_, topic) =>
    unit(Float64Array.from(centroids.subarray(topic * dimension, (topic + 1) * dimension))),
  );
  let sum = 0;
  let cosines = 0;
  let counted = 0;
  users.counts.forEach((_, user) => {
    const own = planted.items.subarray(planted.offsets[user]!, planted.offsets[user + 1]!);
    if (own.length === 0) return;
    const interests = unitInterests(users, user);
    const found = new Set(interests.map((interest) => nearest(interest, topics, minimumCosine)));
    sum += own.filter((topic) => found.has(topic)).length / own.length;
    cosines +=
      matchedCosines(
        interests,
        Array.from(own, (topic) => topics[topic]!),
      ) / own.length;
    counted++;
  });
  const mean = (total: number) => (counted === 0 ? null : total / counted);
  return { share: mean(sum), cosine: mean(cosines), users: counted };
}

/** The largest sum of cosines when each interest stands for one topic at most, and each topic has one interest at most. */
function matchedCosines(interests: readonly Float64Array[], topics: readonly Float64Array[]): number {
  if (topics.length > 16) fail(`recoveredInterests matches up to 16 planted topics of a user, got ${topics.length}`);
  // By the set of topics that are taken, a bit for each.
  const best = new Float64Array(2 ** topics.length).fill(Number.NEGATIVE_INFINITY);
  best[0] = 0;
  for (const interest of interests) {
    const cosines = topics.map((topic) => dot(interest, topic));
    // Larger sets come first, so that those which an interest adds to do not have it yet.
    for (let taken = best.length - 1; taken >= 0; taken--) {
      cosines.forEach((cosine, topic) => {
        const and = taken | (1 << topic);
        if (and !== taken) best[and] = Math.max(best[and]!, best[taken]! + cosine);
      });
    }
  }
  return Math.max(...best);
}

/** The index of the direction with the largest cosine above `minimum`, the first of equals; -1 if there is none. */
function nearest(direction: Float64Array, candidates: Float64Array[], minimum: number): number {
  let best = -1;
  let highest = minimum;
  candidates.forEach((candidate, index) => {
    const cosine = dot(direction, candidate);
    if (cosine > highest) {
      highest = cosine;
      best = index;
    }
  });
  return best;
}
