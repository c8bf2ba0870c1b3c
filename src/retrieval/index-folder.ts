import { randomUUID } from "node:crypto";
import { readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Index } from "usearch";
import { z } from "zod";
import { fail } from "../errors.ts";
import { writeFolder } from "../storage/folder.ts";
import { readJson } from "../storage/json.ts";
import { openFolder } from "../storage/read-folder.ts";
import type { ItemIndex } from "./item-index.ts";
import { fingerprintOf, type ItemVectors } from "./item-vectors.ts";
import { createUsearchIndex, emptyUsearch } from "./usearch-index.ts";

const names = { graph: "items.usearch", description: "index.json" } as const;

/** What an index folder says of its index. */
export interface IndexDescription {
  readonly kind: "usearch";
  /** SHA-256 of the item vectors that it was built from. */
  readonly fingerprint: string;
  readonly itemCount: number;
  readonly dimension: number;
  /** How many times deeper than it was asked for it is searched, so that the recall is reached. */
  readonly factor: number;
  /** Share of the exact best `at` items that it found, of `queries` interests. */
  readonly recall: {
    readonly at: number;
    readonly queries: number;
    readonly target: number;
    readonly reached: number;
  };
}

const schema = z.object({
  format: z.literal("polymind-index"),
  version: z.literal(1),
  kind: z.literal("usearch"),
  fingerprint: z.string(),
  itemCount: z.number().int().min(1),
  dimension: z.number().int().min(1),
  factor: z.number().min(1),
  recall: z.object({ at: z.number().int(), queries: z.number().int(), target: z.number(), reached: z.number() }),
} satisfies Record<keyof IndexDescription | "format" | "version", z.ZodType>) satisfies z.ZodType<IndexDescription>;

/** Writes an index, all or nothing. */
export async function saveIndex(path: string, index: Index, description: IndexDescription): Promise<void> {
  const temporary = join(tmpdir(), `polymind-${randomUUID()}.usearch`);
  try {
    index.save(temporary);
    const text = `${JSON.stringify({ format: "polymind-index", version: 1, ...description }, undefined, 2)}\n`;
    await writeFolder(
      path,
      new Map<string, Uint8Array | string>([
        [names.graph, await readFile(temporary)],
        [names.description, text],
      ]),
    );
  } finally {
    await rm(temporary, { force: true });
  }
}

/**
 * Opens an index for the item vectors of a model; one that was built from others is refused. `map` leaves the graph on disk and
 * has the operating system bring in what is touched; its checksum is not read then.
 */
export async function openIndex(
  path: string,
  vectors: ItemVectors,
  { map = false } = {},
): Promise<{ readonly index: ItemIndex; readonly description: IndexDescription }> {
  const folder = await openFolder(path);
  if (!folder.names.includes(names.description))
    fail(`${path} holds a model, not an index; build one with npx polymind index`);
  const file = join(path, names.description);
  const parsed = schema.safeParse(readJson(await folder.read(names.description), file));
  if (!parsed.success) fail(`${file}: ${parsed.error.issues[0]?.message ?? "is no index"}; build the index anew`);
  const { format, version, ...description } = parsed.data;
  const { itemCount, dimension, fingerprint, factor } = description;
  if (itemCount !== vectors.itemCount || dimension !== vectors.dimension || fingerprint !== fingerprintOf(vectors)) {
    fail(
      `${path} was built from ${itemCount} items of ${dimension} numbers of another model, or of this one before it was trained further; build it anew from ${vectors.itemCount} items of ${vectors.dimension}`,
    );
  }
  if (!map) await folder.read(names.graph);
  const graph = await emptyUsearch(dimension);
  const graphFile = join(path, names.graph);
  if (map) graph.view(graphFile);
  else graph.load(graphFile);
  if (graph.size() !== itemCount) fail(`${graphFile}: expected ${itemCount} items, got ${graph.size()}; build it anew`);
  return { index: createUsearchIndex(graph, vectors, { factor }), description };
}
