import { itemsAt } from "../data/sequences.ts";
import type { EvaluationUsers } from "../data/split.ts";
import type { Engine } from "../engine.ts";
import type { ItemCategories } from "../evaluation/categories.ts";
import { seenItems } from "../evaluation/most-popular.ts";
import type { Arrays } from "../models/arrays.ts";
import { interestsOf, isFitted, type ModelSpec, type TrainedSpec } from "../models/registry.ts";
import type { Dataset } from "../training/dataset.ts";
import { buildUserGraph } from "../training/encoded-users.ts";
import { judge } from "../training/judge.ts";
import { restored } from "../training/parameter-arrays.ts";
import { pickUsers } from "../training/ranker.ts";
import { layOut } from "./layout.ts";

/** Items in two dimensions, with some users and their interests among them. Items are told by their place in `items`. */
export interface InterestMap {
  readonly items: readonly MapItem[];
  /** The category of an item is a place in here, or -1. */
  readonly categories: readonly string[];
  readonly users: readonly MapUser[];
  readonly models: readonly MapModel[];
}

export interface MapItem {
  readonly title: string;
  readonly category: number;
  /** Interactions in the training part. */
  readonly count: number;
}

export interface MapUser {
  readonly id: string;
  /** The latest behaviours, oldest first. */
  readonly history: readonly number[];
  readonly targets: readonly number[];
}

export interface MapModel {
  readonly label: string;
  readonly x: readonly number[];
  readonly y: readonly number[];
  /** Aligned with the users of the map; each has the active interests. */
  readonly users: readonly { readonly interests: readonly MapInterest[] }[];
}

export interface MapInterest {
  /** Where the items lie that it scores highest, on average. */
  readonly x: number;
  readonly y: number;
  /** The items of the map that it scores highest, without seen ones. */
  readonly items: readonly number[];
  /** Which of the user's behaviours, by place, score higher with it than with the other interests. */
  readonly behaviours: readonly number[];
}

/** What the maps of all models share: which items and users. */
export interface MapPlan extends Omit<InterestMap, "models"> {
  /** Ids of the items in the log. */
  readonly itemIds: Uint32Array;
  readonly evaluated: EvaluationUsers;
}

const mostItems = 1500;
const mostUsers = 12;
const mostBehaviours = 30;
const mostCategories = 7;
const itemsOfInterest = 8;

/** The most frequent items, after those of the users, who are spread evenly over the lengths of histories. */
export function planMap(
  dataset: Dataset,
  names: {
    readonly titles: readonly string[];
    readonly userIds: readonly string[];
    readonly categoryNames: readonly string[];
  },
  categories: ItemCategories | undefined,
): MapPlan {
  const { test } = dataset.split;
  const evaluated = pickUsers(test, spreadUsers(test));
  const latest = Array.from(evaluated.users, (_, user) => itemsAt(evaluated.history, user).slice(-mostBehaviours));
  const chosen = new Set<number>();
  for (const [user, items] of latest.entries())
    for (const item of [...items, ...itemsAt(evaluated.targets, user)]) chosen.add(item);
  const byCount = Array.from(dataset.itemCounts.keys()).slice(1);
  byCount.sort((a, b) => dataset.itemCounts[b]! - dataset.itemCounts[a]!);
  for (const item of byCount) if (chosen.size < mostItems && dataset.itemCounts[item]! > 0) chosen.add(item);
  const itemIds = Uint32Array.from(chosen).sort();
  const placeOf = new Map(Array.from(itemIds, (item, place) => [item, place]));
  const shown = shownCategories(itemIds, categories);
  return {
    itemIds,
    evaluated,
    items: Array.from(itemIds, (item) => ({
      title: names.titles[item]!,
      category: shown.of(item),
      count: dataset.itemCounts[item]!,
    })),
    categories: shown.categories.map((category) => names.categoryNames[category - 1]!),
    users: latest.map((items, user) => ({
      id: names.userIds[evaluated.users[user]!]!,
      history: Array.from(items, (item) => placeOf.get(item)!),
      targets: Array.from(new Set(itemsAt(evaluated.targets, user)), (item) => placeOf.get(item)!),
    })),
  };
}

/** Users from short to long histories, by their places; those with fewer than 8 behaviours only where there are no others. */
function spreadUsers({ users, history }: EvaluationUsers): number[] {
  const lengthOf = (user: number) => itemsAt(history, user).length;
  const byLength = Array.from(users.keys()).sort((a, b) => lengthOf(a) - lengthOf(b));
  const long = byLength.filter((user) => lengthOf(user) >= 8);
  const from = long.length >= mostUsers ? long : byLength;
  const count = Math.min(mostUsers, from.length);
  return Array.from({ length: count }, (_, index) => from[Math.floor(((index + 0.5) * from.length) / count)]!);
}

/** The most frequent categories of some items; an item of several is shown by the rarest of these, which says most of it. */
function shownCategories(itemIds: Uint32Array, categories: ItemCategories | undefined) {
  if (categories === undefined) return { categories: [], of: () => -1 };
  const { width, values } = categories;
  const ownOf = (item: number) => values.subarray(item * width, (item + 1) * width);
  const counts = new Map<number, number>();
  for (const item of itemIds) {
    for (const category of ownOf(item)) if (category > 0) counts.set(category, (counts.get(category) ?? 0) + 1);
  }
  const frequent = [...counts].sort((a, b) => b[1] - a[1] || a[0] - b[0]).map(([category]) => category);
  const shown = frequent.slice(0, mostCategories);
  return {
    categories: shown,
    of: (item: number) => Math.max(...Array.from(ownOf(item), (own) => shown.indexOf(own)), -1),
  };
}

/** The map of one model; undefined where a model makes no vectors. */
export async function mapModel(
  label: string,
  plan: MapPlan,
  engine: Engine,
  learned: Arrays,
  spec: ModelSpec,
  dataset: Dataset,
): Promise<MapModel | undefined> {
  if (isFitted(spec)) return undefined;
  const { dimension, length } = spec.options;
  const vectors = await itemVectors(plan.itemIds, engine, learned, spec, dataset);
  const { interests, interestCounts } = await judge(engine, learned, spec, dataset, plan.evaluated, { at: [1] });
  const { x, y } = await layOut(vectors, dimension);
  const dot = (interest: number, item: number) => {
    let sum = 0;
    for (let i = 0; i < dimension; i++) sum += interests[interest * dimension + i]! * vectors[item * dimension + i]!;
    return sum;
  };
  const limit = interestsOf(spec);
  const placeOf = new Map(Array.from(plan.itemIds, (item, place) => [item, place]));
  const users = plan.users.map(({ history }, user) => {
    const own = Array.from({ length: interestCounts[user]! }, (_, index) => user * limit + index);
    // A model sees no more than its own length of a history.
    const seen = history.length > length ? history.length - length : 0;
    const nearest = history.map((item) => bestOf(own.map((interest) => dot(interest, item))));
    const excluded = new Set(Array.from(seenItems(plan.evaluated, user), (item) => placeOf.get(item)));
    return {
      interests: own.map((interest, index): MapInterest => {
        const scores = plan.items.map((_, item) => dot(interest, item));
        const items = Array.from(scores.keys())
          .filter((item) => !excluded.has(item))
          .sort((a, b) => scores[b]! - scores[a]!)
          .slice(0, itemsOfInterest);
        const mean = (of: readonly number[]) => items.reduce((sum, item) => sum + of[item]!, 0) / items.length;
        const behaviours = nearest.flatMap((best, place) => (place >= seen && best === index ? [place] : []));
        return { x: rounded(mean(x)), y: rounded(mean(y)), items, behaviours };
      }),
    };
  });
  return { label, x: x.map(rounded), y: y.map(rounded), users };
}

const bestOf = (scores: readonly number[]): number => scores.indexOf(Math.max(...scores));

/** More digits are not seen. */
const rounded = (value: number): number => Math.round(value * 1000) / 1000;

/** The vectors of some items as the model has them, `[items, dimension]`. */
async function itemVectors(
  itemIds: Uint32Array,
  engine: Engine,
  learned: Arrays,
  spec: TrainedSpec,
  dataset: Dataset,
): Promise<Float32Array> {
  const { graph, items } = buildUserGraph(spec, dataset, 1);
  const ids = graph.input("mapped", "u32", [itemIds.length]);
  const parameters = restored(engine, learned);
  const program = await engine.compile({ outputs: { vectors: items.rows(ids) }, parameters });
  try {
    await program.run({ mapped: itemIds });
    return (await program.read("vectors")) as Float32Array;
  } finally {
    program.dispose();
  }
}
