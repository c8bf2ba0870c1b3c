import { execFileSync } from "node:child_process";
import { availableParallelism, cpus, loadavg, totalmem } from "node:os";

/** The machine in one line. */
export function describeMachine(): string {
  const processors = cpus();
  const memory = Math.round(totalmem() / 2 ** 30);
  return `${processors.length} x ${processors[0]?.model.trim() ?? "unknown"}, ${memory} GiB, ${process.platform} ${process.arch}, Node ${process.versions.node}`;
}

/** The commit that is checked out, marked where files differ from it; "unknown" outside of a repository. */
export function describeCommit(): string {
  try {
    const git = (...words: string[]) => execFileSync("git", words, { encoding: "utf8", stdio: "pipe" }).trim();
    return `${git("rev-parse", "--short", "HEAD")}${git("status", "--porcelain") ? ", changed" : ""}`;
  } catch {
    return "unknown";
  }
}

/** Processes that were running or waiting on average in the last minute. */
export const currentLoad = (): number => loadavg()[0]!;

/** A warning where a machine had other work to do, else nothing. */
export function warnOfLoad(load: number): string {
  const cores = availableParallelism();
  return load < cores / 2
    ? ""
    : `other work was running (load ${load.toFixed(1)} on ${cores} cores): do not trust these times\n`;
}
