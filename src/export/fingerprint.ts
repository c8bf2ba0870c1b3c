import { createHash } from "node:crypto";
import type { ItemLists } from "../data/sequences.ts";
import type { StoredModel } from "../training/model-folder.ts";

const bytesOf = ({ buffer, byteOffset, byteLength }: ArrayBufferView) => new Uint8Array(buffer, byteOffset, byteLength);

/** SHA-256 of what interests follow from: the model, and the users with their histories. */
export function fingerprintOfUsers(
  { spec, parameters }: Pick<StoredModel, "spec" | "parameters">,
  { offsets, items, times }: ItemLists,
  userIds: readonly string[],
): string {
  const hash = createHash("sha256").update(JSON.stringify([spec, userIds]));
  for (const [name, { data }] of parameters) hash.update(name).update(bytesOf(data));
  for (const array of [offsets, items, ...(times ? [times] : [])]) hash.update(bytesOf(array));
  return hash.digest("hex");
}
