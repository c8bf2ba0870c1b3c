import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, expect } from "vitest";

const folder = mkdtempSync(join(tmpdir(), "polymind-test-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Writes a temporary file and returns its path. */
export function write(name: string, content: string | Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

export function temporaryPath(name: string): string {
  return join(folder, name);
}

/** The path of a shared log; skips the test, with the reason, where it is not at hand. */
export function sharedFile(name: string, skip: (reason: string) => never): string {
  const path = resolve(process.cwd(), "../shared/data", name);
  if (existsSync(path)) return path;
  console.log(`skipped: there is no ${path}`);
  return skip(`there is no ${path}`);
}

/** The message of a failure that the user can mend: it must be one line. */
export async function failureOf(action: () => unknown): Promise<string> {
  try {
    await action();
  } catch (error) {
    expect((error as Error).name).toBe("PolymindError");
    const { message } = error as Error;
    expect(message).not.toContain("\n");
    return message;
  }
  return expect.fail("nothing was thrown");
}
