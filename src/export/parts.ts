import { stat } from "node:fs/promises";
import { join, parse } from "node:path";
import { z } from "zod";
import { fail } from "../errors.ts";
import { nodeDisk } from "../storage/disk.ts";
import { readJson } from "../storage/json.ts";
import { writeJsonFile } from "../storage/json-file.ts";

/** One of several processes that share the work: `index` from 1 to `of`. */
export interface Shard {
  readonly index: number;
  readonly of: number;
}

/** A file of some of the users, from `from` up to, not including, `to`. */
export interface Part {
  readonly path: string;
  readonly from: number;
  readonly to: number;
}

/**
 * Cuts users into files: `x.parquet` itself where one is enough for one process, else `x-00001-of-00012.parquet` and so on, as many for
 * each shard.
 */
export function partsOf(path: string, users: number, most: number, { index, of }: Shard): readonly Part[] {
  const each = Math.max(1, Math.ceil(users / of / most));
  const count = each * of;
  if (count === 1) return [{ path, from: 0, to: users }];
  const { dir, name, ext } = parse(path);
  const digits = (number: number) => `${number}`.padStart(5, "0");
  return Array.from({ length: each }, (_, i) => {
    const part = (index - 1) * each + i;
    return {
      path: join(dir, `${name}-${digits(part + 1)}-of-${digits(count)}${ext}`),
      from: Math.floor((part * users) / count),
      to: Math.floor(((part + 1) * users) / count),
    };
  });
}

const schema = z.object({ format: z.literal("polymind-parts"), version: z.literal(1), fingerprint: z.string() });

/**
 * Those parts that are still to be written. A description beside them, `x.parts.json`, says by a fingerprint what they are made from, so
 * that a second start goes on behind the finished parts and never mixes them with others.
 */
export async function unfinishedParts(
  path: string,
  parts: readonly Part[],
  fingerprint: string,
): Promise<readonly Part[]> {
  if (parts.length === 1 && parts[0]!.path === path) return parts;
  const { dir, name } = parse(path);
  const description = join(dir, `${name}.parts.json`);
  const found = await nodeDisk.read(description);
  const finished = await Promise.all(
    parts.map((part) =>
      stat(part.path).then(
        () => true,
        () => false,
      ),
    ),
  );
  if (found === undefined) {
    const there = parts[finished.indexOf(true)];
    if (there) fail(`${there.path} is there already, with no ${description} that says what from; name another file`);
    await writeJsonFile(description, { format: "polymind-parts", version: 1, fingerprint });
    return parts;
  }
  const parsed = schema.safeParse(readJson(found, description));
  if (!parsed.success || parsed.data.fingerprint !== fingerprint) {
    fail(
      `${description} speaks of parts of another model, log or number of parts; remove it with its parts, or name another file`,
    );
  }
  return parts.filter((_, i) => !finished[i]);
}
