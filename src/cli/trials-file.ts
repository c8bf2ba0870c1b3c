import { readFile } from "node:fs/promises";
import { z } from "zod";
import { fail } from "../errors.ts";
import { readJson } from "../storage/json.ts";
import { writeJsonFile } from "../storage/json-file.ts";
import type { Candidate } from "./search-space.ts";

const metrics = z.strictObject({
  at: z.number(),
  hitRate: z.number(),
  recall: z.number(),
  ndcg: z.number(),
  mrr: z.number(),
});

const trialSchema = z.strictObject({
  /** What it takes of each list. */
  options: z.record(z.string(), z.unknown()),
  /** Of the best pass, on the validation users. */
  validation: z.array(metrics),
  /** From 0. */
  bestEpoch: z.number(),
  passes: z.number(),
  seconds: z.number(),
  /** False where the time was over before the training was. */
  isWhole: z.boolean(),
});

export type Trial = Readonly<z.infer<typeof trialSchema>>;

const fileSchema = z.object({ search: z.record(z.string(), z.unknown()), trials: z.array(trialSchema) });

/** The same options, whatever their order. */
export const candidateKey = (candidate: Candidate): string =>
  JSON.stringify(Object.entries(candidate).toSorted(([a], [b]) => (a < b ? -1 : 1)));

/** The whole trials of the same search that a file has; none where there is no file. */
export async function readTrials(path: string | undefined, search: Candidate): Promise<Trial[]> {
  if (path === undefined) return [];
  const bytes = await readFile(path).catch(() => undefined);
  if (bytes === undefined) return [];
  const { success, data } = fileSchema.safeParse(readJson(bytes, path));
  if (!success) return fail(`${path} is there and holds no trials of tune-model; name another --json`);
  const asked: Candidate = JSON.parse(JSON.stringify(search));
  for (const key of Object.keys({ ...data.search, ...asked })) {
    const [is, was] = [asked[key], data.search[key]].map((value) => JSON.stringify(value) ?? "none");
    if (is !== was) fail(`${path} holds trials with ${key} ${was}, this search has ${is}; name another --json`);
  }
  return data.trials.filter(({ isWhole }) => isWhole);
}

export async function writeTrials(
  path: string | undefined,
  content: { readonly search: Candidate; readonly trials: readonly Trial[]; readonly best?: unknown },
): Promise<void> {
  await writeJsonFile(path, content);
}
