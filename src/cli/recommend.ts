import { Command } from "commander";
import { z } from "zod";
import { fail } from "../errors.ts";
import { isFitted, seesTimes } from "../models/registry.ts";
import { itemsByCategory, type NamedCategories } from "../retrieval/category-filter.ts";
import { type Recipient, recipientAt } from "../retrieval/encoder.ts";
import type { Policy } from "../retrieval/policies.ts";
import { defaultTable } from "../retrieval/postgres.ts";
import { createRecommender, type RecommendationRequest } from "../retrieval/recommender.ts";
import { ensureFile, writeJsonFile } from "../storage/json-file.ts";
import { loadModel, type StoredModel } from "../training/model-folder.ts";
import { type Console, createConsole, type Io } from "./io.ts";
import { readCatalogue } from "./item-catalogue.ts";
import { adapterFor, startEngine } from "./judging.ts";
import { createTable, showMetric } from "./metrics-table.ts";
import { addFlags, commonFlags, commonSchema, type Flag, readOptions } from "./options.ts";

const schema = {
  ...commonSchema,
  model: z.string().min(1),
  user: z.string().min(1),
  history: z.array(z.string()).min(1),
  historyTimes: z.array(z.number()).min(1),
  top: z.number().int().min(1),
  includeSeen: z.boolean(),
  exclude: z.array(z.string()),
  allowCategory: z.array(z.string()),
  excludeCategory: z.array(z.string()),
  catalogue: z.string().min(1),
  category: z.string().min(1),
  policy: z.enum(["best", "quota", "diversity"]),
  diversity: z.number().min(0),
  index: z.string().min(1),
  table: z.string().min(1),
};

type RecommendOptions = Partial<z.infer<z.ZodObject<typeof schema>>>;

const topDefault = 20;

const flags: readonly Flag[] = [
  { key: "model", value: "folder", description: "folder of the model" },
  { key: "user", value: "id", description: "a user of the log" },
  { key: "history", value: "ids", description: "items of anybody else, oldest first, separated by commas" },
  {
    key: "historyTimes",
    value: "numbers",
    description: "when each was, in the units of the log, for models that see times",
  },
  { key: "top", value: "number", description: "how many items", standard: topDefault },
  { key: "includeSeen", description: "recommend items of the history too" },
  { key: "exclude", value: "ids", description: "items that shall not be recommended, separated by commas" },
  { key: "allowCategory", value: "names", description: "recommend items of one of these categories only" },
  { key: "excludeCategory", value: "names", description: "recommend items of none of these categories" },
  {
    key: "catalogue",
    value: "file",
    description: "file with the categories of items; default: the features that the model was trained with",
  },
  { key: "category", value: "column", description: "its column of categories; default: the first" },
  {
    key: "policy",
    value: "name",
    description: "best score, a quota for each interest, or diversity of categories",
    standard: "best",
  },
  { key: "diversity", value: "lambda", description: "what another category is worth, in units of the score" },
  {
    key: "index",
    value: "place",
    description: "search the index in a folder, or at a postgres:// or qdrant:// address; default: all items, exactly",
  },
  { key: "table", value: "name", description: "its table in PostgreSQL", standard: defaultTable },
  ...commonFlags,
];

const examples = `
Examples:
  $ polymind recommend --model model/ --user 42 --top 20
  $ polymind recommend --model model/ --history 3186,1721,1022
  $ polymind recommend --model model/ --user 42 --catalogue movies.csv --category genre --allow-category Comedy,Drama`;

/** `polymind recommend` */
export function recommendCommand(io: Io, finish: (code: number) => void): Command {
  const command = new Command("recommend").description("Recommend items to a user, or to anybody with a history.");
  return addFlags(command, flags)
    .addHelpText("after", examples)
    .action(async (given) => {
      const options: RecommendOptions = await readOptions(schema, given);
      await recommend(options, createConsole(io, options.quiet ?? false));
      finish(0);
    });
}

async function recommend(options: RecommendOptions, console: Console): Promise<void> {
  const folder = options.model ?? fail("no model to recommend with: name its folder with --model DIR");
  if ((options.user === undefined) === (options.history === undefined)) {
    fail("recommend to whom? Give either --user ID or --history ID,ID,...");
  }
  await ensureFile(options.json);
  const model = await loadModel(folder);
  const recipient = options.history
    ? newcomer(options.history, options.historyTimes, model, console)
    : knownUser(options.user!, model, folder);
  const { categories } = await readCatalogue(options, model.data, model.log.itemIds, model.itemFeatures, console);
  const policy = policyOf(options, categories);
  const filters = filtersOf(options, model, categories);
  const engine = await startEngine(adapterFor(model.spec, options.adapter), console);
  try {
    const recommender = await createRecommender(engine, model, { index: options.index, table: options.table });
    const { top = topDefault, includeSeen = false } = options;
    const [recommendation] = await recommender.recommend([{ ...recipient, top, includeSeen, ...filters, policy }]);
    const { items, activeInterests } = recommendation!;
    const named = items.map(({ item, score, interest }, index) => ({
      rank: index + 1,
      item: model.log.itemIds[item]!,
      score,
      interest: interest + 1,
    }));
    const table = createTable(["rank", "item", "score", "interest"]);
    for (const { rank, item, score, interest } of named)
      table.push([rank, item, showMetric(score), `${interest} of ${activeInterests}`]);
    console.print(
      named.length > 0 ? table.toString() : "nothing is left to recommend: all items are in the history or left out",
    );
    const { user, history } = options;
    await writeJsonFile(options.json, {
      folder,
      ...(user !== undefined && { user }),
      ...(history && { history }),
      activeInterests,
      items: named,
    });
  } finally {
    engine.dispose();
  }
}

/** Those of the ids that the model knows. */
function itemsOf(ids: readonly string[], { log }: StoredModel): number[] {
  return ids.map((id) => log.itemIds.indexOf(id)).filter((item) => item > 0);
}

/** Which items may be recommended, and which may not. */
function filtersOf(
  { exclude = [], allowCategory, excludeCategory }: RecommendOptions,
  model: StoredModel,
  categories: NamedCategories | undefined,
): Pick<RecommendationRequest, "allow" | "exclude"> {
  const find = categories && itemsByCategory(categories);
  const itemsOfCategories = (flag: string, names: readonly string[]) =>
    (find ?? fail(`${flag}: needs the categories of items: name a file that has them with --catalogue`))(
      names,
      (message) => fail(`${flag}: ${message}`),
    );
  return {
    exclude: [
      ...itemsOf(exclude, model),
      ...(excludeCategory ? itemsOfCategories("--exclude-category", excludeCategory) : []),
    ],
    ...(allowCategory && { allow: itemsOfCategories("--allow-category", allowCategory) }),
  };
}

function policyOf({ policy, diversity }: RecommendOptions, categories: NamedCategories | undefined): Policy {
  const kind = policy ?? (diversity === undefined ? "best" : "diversity");
  if (kind !== "diversity") {
    if (diversity !== undefined) fail(`--diversity: only with --policy diversity, not with ${kind}; leave one out`);
    return { kind };
  }
  const lambda = diversity ?? fail("--policy diversity: say what another category is worth with --diversity LAMBDA");
  if (categories === undefined)
    return fail("--policy diversity: needs the categories of items: name a file that has them with --catalogue");
  return { kind, lambda, categories };
}

function knownUser(id: string, { log }: StoredModel, folder: string): Recipient {
  const user = log.userIds.indexOf(id);
  if (user < 0) fail(`${folder} knows no user ${id}; recommend to a new one with --history ID,ID,...`);
  const recipient = recipientAt(log, user);
  if (recipient.history.length === 0)
    fail(`user ${id} has no history to recommend from; give one with --history ID,ID,...`);
  return recipient;
}

function newcomer(
  ids: readonly string[],
  times: readonly number[] | undefined,
  { log, spec }: StoredModel,
  { note }: Console,
): Recipient {
  const itemOf = new Map(log.itemIds.map((id, item) => [id, item]));
  const given = ids.filter((id) => id !== "");
  if (given.length === 0) fail("--history is empty: name items of the log, oldest first, separated by commas");
  checkTimes(given.length, times, !isFitted(spec) && seesTimes(spec));
  const places = [...given.keys()].filter((place) => (itemOf.get(given[place]!) ?? 0) > 0);
  const known = places.map((place) => itemOf.get(given[place]!)!);
  const unknown = given.length - known.length;
  if (known.length === 0)
    fail(`none of the ${given.length} items of --history is known to the model; name items of the log`);
  if (unknown > 0) note(`${unknown} of ${given.length} items of the history are unknown to the model and left out`);
  return {
    history: Uint32Array.from(known),
    times: times && Float64Array.from(places, (place) => times[place]!),
  };
}

function checkTimes(items: number, times: readonly number[] | undefined, sees: boolean): void {
  if (times === undefined) {
    if (sees) fail("the model sees when behaviours were: give the time of each item with --history-times T,T,...");
    return;
  }
  if (times.length !== items) fail(`--history-times: expected a time for each of ${items} items, got ${times.length}`);
  if (times.some((time, i) => i > 0 && time < times[i - 1]!))
    fail("--history-times: expected times that never fall, oldest first; sort the history by time");
}
