import { fail } from "../errors.ts";

/** Parses UTF-8 JSON (a leading byte order mark is allowed); `name` is the file, for the error. */
export function readJson(bytes: Uint8Array, name: string): unknown {
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (error) {
    return fail(`${name}: not JSON: the file is not UTF-8 text`, error);
  }
  if (text.trim() === "") fail(`${name}: not JSON: the file is empty`);
  try {
    return JSON.parse(text);
  } catch (error) {
    const reason = (error instanceof Error ? error.message : String(error)).replace(/\s+/g, " ");
    return fail(`${name}: not JSON: ${reason}`, error);
  }
}

/** Narrows a parsed value to an object with string keys, which an array is not. */
export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
