import type { FeatureField } from "../data/features.ts";
import { isFitted, seesTimes } from "../models/registry.ts";
import { amongBoth, itemsByCategory, type NamedCategories, namedCategories } from "../retrieval/category-filter.ts";
import { type Recipient, recipientAt } from "../retrieval/encoder.ts";
import type { Hit } from "../retrieval/item-index.ts";
import type { Policy } from "../retrieval/policies.ts";
import type { RecommendationRequest } from "../retrieval/recommender.ts";
import type { SimilarItemsRequest } from "../retrieval/similar-items.ts";
import type { StoredModel } from "../training/model-folder.ts";
import type { ListBody, RecipientBody, RecommendBody, SimilarItemsBody } from "./bodies.ts";
import { refuse } from "./refusal.ts";

/** How many ids of each list a model does not know. */
export type UnknownCounts = Record<string, number>;

export interface NamedHit {
  readonly item: string;
  readonly title?: string;
  readonly score: number;
}

/** Speaks the ids of the log where the model speaks indices. */
export interface Catalogue {
  recommendation(body: RecommendBody): { readonly question: RecommendationRequest; readonly unknown: UnknownCounts };
  recipient(body: RecipientBody): { readonly question: Recipient; readonly unknown: UnknownCounts };
  similarItems(body: SimilarItemsBody): { readonly question: SimilarItemsRequest; readonly unknown: UnknownCounts };
  name(hit: Hit): NamedHit;
  /** The interests of one recipient, one after the other, each as a list. */
  interests(vectors: Float32Array): number[][];
}

/** What is known of items beside the model. */
export interface ItemDescriptions {
  /** Names of items for people, `[items + 1]`, if there are any. */
  readonly titles?: readonly string[] | undefined;
  /** Default: those of the model's first item feature. */
  readonly categories?: NamedCategories | undefined;
}

export function createCatalogue(model: StoredModel, { titles, categories: given }: ItemDescriptions = {}): Catalogue {
  const { log, spec, itemFeatures, userFeatures } = model;
  const { itemIds } = log;
  // Item 0 is padding.
  const itemOf = new Map(itemIds.slice(1).map((id, place) => [id, place + 1]));
  const userOf = new Map(log.userIds.map((id, user) => [id, user]));
  const categories = given ?? namedCategories(itemFeatures);
  const itemsOfCategories = categories && itemsByCategory(categories);
  const needsTimes = !isFitted(spec) && seesTimes(spec);

  function itemsOf(ids: readonly string[] | undefined, list: string, unknown: UnknownCounts): number[] | undefined {
    const known = ids?.flatMap((id) => itemOf.get(id) ?? []);
    if (known) unknown[list] = ids!.length - known.length;
    return known;
  }

  /** The lists of a request: which items may be in the answer, and which may not. */
  function filtersOf(
    body: Omit<ListBody, "top">,
    unknown: UnknownCounts,
  ): { allow?: readonly number[]; exclude: number[] } {
    const inCategories = (key: "allowCategories" | "excludeCategories") => {
      const asked = body[key];
      const ofNone = () => refuse(400, `${key}: no categories are known; serve with --catalogue FILE, or leave it out`);
      return asked && (itemsOfCategories ?? ofNone())(asked, (message) => refuse(400, `${key}: ${message}`));
    };
    const exclude = itemsOf(body.exclude, "exclude", unknown) ?? [];
    const listed = itemsOf(body.allow, "allow", unknown);
    const among = inCategories("allowCategories");
    const allow = among ? amongBoth(listed, among) : listed;
    return { ...(allow && { allow }), exclude: [...exclude, ...(inCategories("excludeCategories") ?? [])] };
  }

  function knownUser(id: string): Recipient {
    const user = userOf.get(id) ?? refuse(404, `the model knows no user ${shown(id)}; send a history in place of it`);
    return recipientAt(log, user);
  }

  function newcomer(ids: readonly string[], times: readonly number[] | undefined, unknown: UnknownCounts): Recipient {
    checkTimes(ids.length, times, needsTimes);
    const history = Uint32Array.from(itemsOf(ids, "history", unknown)!);
    return { history, times: times && Float64Array.from(times.filter((_, place) => itemOf.has(ids[place]!))) };
  }

  function profileOf(values: NonNullable<RecipientBody["profile"]>, unknown: UnknownCounts): Uint32Array {
    if (userFeatures === undefined)
      return refuse(400, "profile: the model knows no features of users; leave profile out");
    const known = new Set(userFeatures.fields.map(({ name }) => name));
    const stray = Object.keys(values).find((name) => !known.has(name));
    if (stray !== undefined) refuse(400, `profile: expected columns ${[...known].join(", ")}, got ${shown(stray)}`);
    const row = new Uint32Array(userFeatures.width);
    let offset = 0;
    unknown["profile"] = 0;
    for (const field of userFeatures.fields) {
      const given = [values[field.name] ?? []].flat();
      const features = featuresOf(field, given);
      unknown["profile"] += given.length - features.length;
      row.set(features.slice(0, field.width), offset);
      offset += field.width;
    }
    return row;
  }

  function recipientOf({ history, times, user, profile }: RecipientBody, unknown: UnknownCounts): Recipient {
    if ((history === undefined) === (user === undefined))
      refuse(400, `expected either history or user, got ${user === undefined ? "neither" : "both"}`);
    if (user !== undefined && times) refuse(400, "times: those of a user are known; leave times out or send a history");
    const known = user === undefined ? newcomer(history!, times, unknown) : knownUser(user);
    return profile ? { ...known, profile: profileOf(profile, unknown) } : known;
  }

  function policyOf(policy: RecommendBody["policy"]): Policy {
    if (policy === "best") return { kind: "best" };
    if (isFitted(spec)) refuse(400, `policy: ${spec.name} makes one list and no interests; leave policy out`);
    if (policy === "quota") return { kind: "quota" };
    if (!categories)
      return refuse(400, "policy: diversity needs categories; serve with --catalogue FILE, or leave it out");
    return { kind: "diversity", lambda: policy.diversity, categories };
  }

  return {
    recommendation(body) {
      const unknown: UnknownCounts = {};
      const { top, includeSeen } = body;
      const recipient = recipientOf(body, unknown);
      const asked = { top, includeSeen, ...filtersOf(body, unknown), policy: policyOf(body.policy) };
      return { question: { ...recipient, ...asked }, unknown };
    },
    recipient(body) {
      if (isFitted(spec)) refuse(400, `${spec.name} makes no interests; serve a model that is trained`);
      const unknown: UnknownCounts = {};
      return { question: recipientOf(body, unknown), unknown };
    },
    similarItems({ item: id, top, ...body }) {
      if (isFitted(spec)) refuse(400, `${spec.name} makes no item vectors; serve a model that is trained`);
      const item = itemOf.get(id) ?? refuse(404, `the model knows no item ${shown(id)}`);
      const unknown: UnknownCounts = {};
      return { question: { item, top, ...filtersOf(body, unknown) }, unknown };
    },
    interests(vectors) {
      const dimension = isFitted(spec) ? 1 : spec.options.dimension;
      return Array.from({ length: vectors.length / dimension }, (_, j) =>
        Array.from(vectors.subarray(j * dimension, (j + 1) * dimension)),
      );
    },
    name: ({ item, score }) => ({ item: itemIds[item]!, ...(titles && { title: titles[item]! }), score }),
  };
}

/** An id in a message: anybody may send anything. */
const shown = (id: string) => JSON.stringify(id.length > 50 ? `${id.slice(0, 50)}...` : id);

function featuresOf({ values, firstFeature }: FeatureField, given: readonly string[]): number[] {
  return given.flatMap((value) => {
    const place = values.indexOf(value);
    return place < 0 ? [] : [firstFeature + place];
  });
}

function checkTimes(behaviours: number, times: readonly number[] | undefined, needed: boolean): void {
  if (times === undefined) {
    if (needed && behaviours > 0)
      refuse(400, "times: the model sees when behaviours were; send the time of each one of history");
    return;
  }
  if (times.length !== behaviours)
    refuse(400, `times: expected one for each of ${behaviours} behaviours, got ${times.length}`);
  if (times.some((time, i) => i > 0 && time < times[i - 1]!))
    refuse(400, "times: expected numbers that never fall, oldest first; sort the history by time");
}
