import type { Engine } from "../engine.ts";
import { fail } from "../errors.ts";
import { Graph } from "../graph/graph.ts";
import type { Parameters, Program } from "../graph/program.ts";
import { createTurns } from "../graph/turns.ts";
import { bestItems, mostBestItems, writeAscending } from "../ops/best-items.ts";
import { filterWords } from "../reference/best-items.ts";
import { checkSearch, type Hit, type ItemIndex, type Query } from "./item-index.ts";

/** A table of item vectors `[itemCount + 1, dimension]` in float32, row 0 padding, as a parameter of the engine. */
export interface ItemTable {
  readonly name: string;
  readonly itemCount: number;
  readonly dimension: number;
  readonly parameters: Parameters;
}

/** Queries that are searched for together, at most. */
const most = 64;
/** More hidden items than this are told by a bit for each item of the catalogue, as items that are not allowed. */
const mostHidden = 1024;
/** Programs for so many combinations of sizes are kept. */
const kept = 16;

/** The sizes that a program is compiled for. */
interface Sizes {
  readonly users: number;
  readonly interests: number;
  readonly top: number;
  readonly slots: number;
  readonly filtered: boolean;
}

/** Searches the whole table on the engine's device, for batches of queries. */
export function createExactIndex(engine: Engine, table: ItemTable): ItemIndex {
  const { itemCount, dimension } = table;
  const programs = new Map<string, Promise<Program>>();
  const inTurn = createTurns();

  function programFor(sizes: Sizes): Promise<Program> {
    const key = JSON.stringify(sizes);
    const program = programs.get(key) ?? compile(engine, table, sizes);
    programs.delete(key);
    programs.set(key, program);
    for (const [oldest, unused] of programs) {
      if (programs.size <= kept) break;
      programs.delete(oldest);
      unused.then((old) => old.dispose());
    }
    return program;
  }

  async function searchTogether(queries: readonly Query[], depth: number): Promise<Hit[][]> {
    const hidden = queries.map((query) => Uint32Array.from(query.hidden ?? []));
    const listed = hidden.map((items) => (items.length > mostHidden ? nothing : items));
    const sizes: Sizes = {
      users: atLeast(queries.length, 1, 8),
      interests: atLeast(Math.max(...queries.map(({ vectors }) => vectors.length / dimension)), 1, 2),
      top: Math.min(atLeast(depth, 16, 4), mostBestItems),
      slots: atLeast(Math.max(...listed.map(({ length }) => length)), 256, 4),
      filtered: queries.some((query, i) => query.allowed !== undefined || listed[i] !== hidden[i]),
    };
    const program = await programFor(sizes);
    await program.run(inputsOf(queries, hidden, listed, sizes, table));
    const [items, scores, found] = await program.readAll(["items", "scores", "found"]);
    return queries.map((_, user) => {
      const hits: Hit[] = [];
      for (let at = user * sizes.top; hits.length < depth && items![at]! > 0; at++) {
        hits.push({ item: items![at]!, score: scores![at]!, interest: found![at]! });
      }
      return hits;
    });
  }

  return {
    itemCount,
    dimension,
    async search(queries, depth) {
      checkSearch(queries, depth, dimension, mostBestItems);
      const hits: Hit[][] = [];
      for (let at = 0; at < queries.length; at += most) {
        hits.push(...(await inTurn(() => searchTogether(queries.slice(at, at + most), depth))));
      }
      return hits;
    },
    dispose() {
      for (const program of programs.values()) program.then((compiled) => compiled.dispose());
      programs.clear();
    },
  };
}

const nothing = new Uint32Array();

/** `least` times a power of `factor`, so that few programs serve many sizes. */
function atLeast(size: number, least: number, factor: number): number {
  let reached = least;
  while (reached < size) reached *= factor;
  return reached;
}

function compile(
  engine: Engine,
  table: ItemTable,
  { users, interests, top, slots, filtered }: Sizes,
): Promise<Program> {
  const { itemCount, dimension, name, parameters } = table;
  const graph = new Graph();
  const vectors = graph.parameter(name, [itemCount + 1, dimension], () =>
    fail(`the index has no table ${name}: define it first`),
  );
  const filter = filtered && {
    allowed: graph.input("allowed", "u32", [users, filterWords(itemCount + 1)]),
    filters: graph.input("filters", "u32", [users]),
  };
  const outputs = bestItems(
    graph.input("interests", "f32", [users, interests, dimension]),
    graph.input("interestCounts", "u32", [users]),
    vectors,
    { top, hidden: graph.input("hidden", "u32", [users, slots]), ...(filter && { filter }) },
  );
  return engine.compile({ outputs, parameters });
}

function inputsOf(
  queries: readonly Query[],
  hiddenItems: readonly Uint32Array[],
  listedItems: readonly Uint32Array[],
  { users, interests: limit, slots, filtered }: Sizes,
  { itemCount, dimension }: ItemTable,
) {
  const interests = new Float32Array(users * limit * dimension);
  const interestCounts = new Uint32Array(users);
  const hidden = new Uint32Array(users * slots);
  const words = filterWords(itemCount + 1);
  const allowed = new Uint32Array(filtered ? users * words : 0);
  const filters = new Uint32Array(users);
  for (const [user, query] of queries.entries()) {
    interests.set(query.vectors, user * limit * dimension);
    interestCounts[user] = query.vectors.length / dimension;
    const [left, listed] = [hiddenItems[user]!, listedItems[user]!];
    writeAscending(hidden.subarray(user * slots, (user + 1) * slots), listed);
    if (query.allowed === undefined && listed === left) continue;
    filters[user] = user + 1;
    const own = allowed.subarray(user * words, (user + 1) * words);
    if (query.allowed === undefined) own.fill(0xffffffff);
    for (const item of query.allowed ?? []) if (item > 0 && item <= itemCount) own[item >>> 5]! |= 1 << (item & 31);
    for (const item of listed === left ? nothing : left) own[item >>> 5]! &= ~(1 << (item & 31));
  }
  const inputs = { interests, interestCounts, hidden };
  return filtered ? { ...inputs, allowed, filters } : inputs;
}
