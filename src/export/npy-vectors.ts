import { fail } from "../errors.ts";
import { npyHeader } from "../storage/npy.ts";
import { openWholeFile, type WholeFile } from "../storage/whole-file.ts";
import type { VectorFile, VectorTable } from "./vector-table.ts";

/**
 * float32 `[rows, dimension]`, or `[rows, K, dimension]` with zeros where a row has fewer vectors; beside `x.npy` the ids in
 * `x.ids.txt`, one a line, and in the second case how many vectors each row has in `x.counts.npy`. `x.npy` comes last.
 */
export async function openNpyVectors(path: string, { rows, dimension, most }: VectorTable): Promise<VectorFile> {
  const stem = path.replace(/\.npy$/i, "");
  const counts = new Uint32Array(rows);
  const width = (most ?? 1) * dimension;
  const opened: WholeFile[] = [];
  const abandon = async () => {
    for (const file of opened) await file.abandon();
  };
  const openNext = async (name: string) => {
    const file = await openWholeFile(name).catch(async (error) => {
      await abandon();
      throw error;
    });
    opened.push(file);
    return file;
  };
  const ids = await openNext(`${stem}.ids.txt`);
  const numbers = most === undefined ? undefined : await openNext(`${stem}.counts.npy`);
  const file = await openNext(path);
  await file.write(npyHeader("f32", most === undefined ? [rows, dimension] : [rows, most, dimension]));
  let at = 0;
  return {
    async add(given) {
      const content = new Float32Array(given.length * width);
      for (const [row, { id, vectors }] of given.entries()) {
        if (/[\r\n]/.test(id)) fail(`${JSON.stringify(id)} has a line break; write .parquet or .jsonl instead of .npy`);
        content.set(vectors, row * width);
        counts[at++] = vectors.length / dimension;
      }
      await ids.write(given.map(({ id }) => `${id}\n`).join(""));
      await file.write(new Uint8Array(content.buffer));
    },
    async finish() {
      if (at !== rows) fail(`${path}: expected ${rows} rows, got ${at}`);
      await numbers?.write(npyHeader("u32", [rows]));
      await numbers?.write(new Uint8Array(counts.buffer));
      for (const each of opened) await each.finish();
    },
    abandon,
  };
}
