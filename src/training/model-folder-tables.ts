import { z } from "zod";
import type { FeatureTable } from "../data/features.ts";
import type { Sequences } from "../data/sequences.ts";
import { fail } from "../errors.ts";
import type { Arrays, StoredArray } from "../models/arrays.ts";
import { fromHalves, toHalves } from "../reference/half.ts";
import { readJson } from "../storage/json.ts";
import { decodeSafetensors, encodeSafetensors, type Tensor } from "../storage/safetensors.ts";
import { featureTableSchema, parseWith } from "./model-folder-schema.ts";

/** The interactions a model was made from, with its id tables: user `u` is `userIds[u]`, item `i` is `itemIds[i]`, `itemIds[0]` is "". */
export interface StoredLog extends Sequences {
  readonly userIds: readonly string[];
  readonly itemIds: readonly string[];
}

const corrupt = "the model is corrupt, restore a copy or train it again";

export function encodeIds(ids: readonly string[]): string {
  return JSON.stringify(ids);
}

export function decodeIds(bytes: Uint8Array, file: string): string[] {
  return parseWith(z.array(z.string()), readJson(bytes, file), file);
}

/** The sequences as tensors, with the times, and the lists of negatives, that there are. */
export function encodeSequences({ offsets, items, times, negatives }: Sequences): Uint8Array[] {
  const tensors = new Map<string, Tensor>([
    ["offsets", { shape: [offsets.length], data: offsets }],
    ["items", { shape: [items.length], data: items }],
  ]);
  if (times) tensors.set("times", { shape: [times.length], data: times });
  for (const [name, data] of Object.entries({ ...negatives })) {
    tensors.set(`negatives.${name}`, { shape: [data.length], data });
  }
  return encodeSafetensors(tensors);
}

/** Sequences whose offsets and ids lie within the id tables; with times and lists of negatives if there are any. */
export function decodeSequences(bytes: Uint8Array, file: string, userCount: number, itemCount: number): Sequences {
  const { tensors } = decodeSafetensors(bytes, file);
  const ids = (name: string) => {
    const data = tensors.get(name)?.data;
    return data instanceof Uint32Array ? data : fail(`${file}: no u32 tensor ${name}; ${corrupt}`);
  };
  const [offsets, items] = [ids("offsets"), ids("items")];
  if (!cut(items, offsets, userCount)) {
    fail(`${file}: its offsets do not fit ${userCount} users and ${items.length} interactions; ${corrupt}`);
  }
  const requireItems = (found: Uint32Array) => {
    if (found.some((item) => item < 1 || item > itemCount))
      fail(`${file}: an item is not one of the ${itemCount}; ${corrupt}`);
  };
  requireItems(items);
  const negatives = tensors.has("negatives.items")
    ? { offsets: ids("negatives.offsets"), items: ids("negatives.items") }
    : undefined;
  if (negatives) {
    requireItems(negatives.items);
    if (!cut(negatives.items, negatives.offsets, items.length))
      fail(`${file}: its lists of negatives do not fit ${items.length} interactions; ${corrupt}`);
  }
  const sequences = { userCount, itemCount, offsets, items, ...(negatives && { negatives }) };
  const times = tensors.get("times")?.data;
  if (times === undefined) return sequences;
  if (!(times instanceof Float64Array) || times.length !== items.length) {
    fail(`${file}: its times are not one number of 64 bits for each of ${items.length} interactions; ${corrupt}`);
  }
  return { ...sequences, times };
}

/** Whether offsets cut items into so many lists. */
const cut = (items: Uint32Array, offsets: Uint32Array, lists: number): boolean =>
  offsets.length === lists + 1 &&
  offsets.every((offset, i) => (i === 0 ? offset === 0 : offset >= offsets[i - 1]!)) &&
  offsets.at(-1) === items.length;

export function encodeFeatureTable(table: FeatureTable): string {
  const { fields, rowCount, width, featureCount, rows } = table;
  return JSON.stringify({ fields, rowCount, width, featureCount, rows: Array.from(rows) });
}

export function decodeFeatureTable(bytes: Uint8Array, file: string, rowCount: number): FeatureTable {
  const table = parseWith(featureTableSchema, readJson(bytes, file), file);
  const { width, featureCount, rows } = table;
  const fieldWidths = table.fields.reduce((sum, field) => sum + field.width, 0);
  const fits = table.rowCount === rowCount && rows.length === rowCount * width && fieldWidths === width;
  if (!fits || rows.some((feature) => feature > featureCount)) {
    fail(`${file}: its rows do not fit ${rowCount} ids and ${featureCount} features; ${corrupt}`);
  }
  return { ...table, rows: Uint32Array.from(rows) };
}

export function encodeArrays(arrays: Arrays): Uint8Array[] {
  const stored = [...arrays].map(([name, { shape, data, precision }]) => {
    return [name, { shape, data: precision === "f16" ? toHalves(data) : data }] as const;
  });
  return encodeSafetensors(new Map(stored), { format: "polymind" });
}

export function decodeArrays(bytes: Uint8Array, file: string): Arrays {
  const entries = [...decodeSafetensors(bytes, file).tensors].map(([name, { shape, data }]) => {
    const array: StoredArray | undefined =
      data instanceof Uint16Array
        ? { shape, data: fromHalves(data), precision: "f16" }
        : data instanceof Float32Array
          ? { shape, data, precision: "f32" }
          : undefined;
    return [name, array ?? fail(`${file}: tensor ${name} is not of type F32 or F16; ${corrupt}`)] as const;
  });
  return new Map(entries);
}
