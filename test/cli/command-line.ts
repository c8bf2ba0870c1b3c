import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import type { Io } from "../../src/cli/io.ts";
import { run } from "../../src/cli/run.ts";
import { plantedLog } from "../../src/data/planted.ts";
import { itemsAt } from "../../src/data/sequences.ts";

/** What a command did. */
export interface Outcome {
  readonly code: number;
  readonly out: string;
  readonly errors: readonly string[];
}

/** Runs the command line in this process. `onLine` sees each line and can interrupt, as Ctrl-C would. */
export async function polymind(
  argv: readonly string[],
  onLine?: (line: string, interrupt: () => void, hangUp: () => void) => void,
): Promise<Outcome> {
  const lines: string[] = [];
  const errors: string[] = [];
  const listeners = new Set<() => void>();
  const reloads = new Set<() => void>();
  const callAll = (called: ReadonlySet<() => void>) => () => {
    for (const listener of called) listener();
  };
  const io: Io = {
    print(line) {
      lines.push(line);
      onLine?.(line, callAll(listeners), callAll(reloads));
    },
    error: (line) => errors.push(line),
    onInterrupt(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    onHangUp(listener) {
      reloads.add(listener);
      return () => reloads.delete(listener);
    },
    exit() {
      throw new Error("a single interrupt must not end the process");
    },
  };
  const code = await run(argv, io);
  return { code, out: lines.join("\n"), errors };
}

/** A folder that goes away with the test. */
export async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "polymind-cli-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** A log with columns user_id, item_id and position, of users with planted interests. */
export async function writeLog(folder: string, name = "log.csv"): Promise<string> {
  const log = plantedLog({ users: 60, items: 80, topics: 8, length: [8, 16], seed: 3 });
  const rows = log.userIds.flatMap((user, index) =>
    Array.from(itemsAt(log, index), (item, position) => `${user},${log.itemIds[item]},${position}`),
  );
  const file = join(folder, name);
  await writeFile(file, `${["user_id,item_id,position", ...rows].join("\n")}\n`);
  return file;
}

/** Options of a training that ends in a moment. */
export const smallModel = [
  ...["--dimension", "8", "--length", "10", "--hidden-layers", "none", "--interests", "3"],
  ...["--batch", "16", "--negatives", "40", "--scoring", "best", "--rate", "0.01"],
];
