import type { FeatureTable } from "../data/features.ts";
import type { InteractionLog } from "../data/log.ts";
import { concatenateLists, itemsAt, type Sequences } from "../data/sequences.ts";
import { fail } from "../errors.ts";
import type { StoredModel } from "../training/model-folder.ts";
import type { Console } from "./io.ts";

/** A log in the ids of a model. */
export interface AdoptedLog {
  /** Its users, with the items that the model knows. */
  readonly sequences: Sequences;
  readonly userIds: readonly string[];
  /** The profiles of its users; one without values for users that the model does not know. */
  readonly userFeatures?: FeatureTable | undefined;
}

/** Brings another log into the ids of a model; what the model does not know is left out and counted. */
export function adoptLog(log: InteractionLog, model: StoredModel, { note }: Console): AdoptedLog {
  const itemOf = new Map(model.log.itemIds.map((id, item) => [id, item]));
  itemOf.delete("");
  const known = log.itemIds.map((id) => itemOf.get(id) ?? 0);
  const lists = log.userIds.map((_, user) =>
    itemsAt(log, user)
      .map((item) => known[item]!)
      .filter((item) => item > 0),
  );
  const times = log.times?.filter((_, place) => known[log.items[place]!]! > 0);
  const sequences = { userCount: log.userCount, itemCount: model.log.itemCount, ...concatenateLists(lists), times };
  const unknownItems = known.slice(1).filter((item) => item === 0).length;
  if (unknownItems > 0) {
    const lost = log.items.length - sequences.items.length;
    note(
      `left out ${unknownItems} of ${log.itemCount} items that the model does not know, with ${lost} of ${log.items.length} interactions`,
    );
  }
  if (sequences.items.length === 0) fail("the model knows none of the items of this log: does it have the same ids?");

  const userOf = new Map(model.log.userIds.map((id, user) => [id, user]));
  const users = log.userIds.map((id) => userOf.get(id));
  const unknownUsers = users.filter((user) => user === undefined).length;
  if (unknownUsers > 0) note(`${unknownUsers} of ${log.userCount} users are new to the model`);
  return { sequences, userIds: log.userIds, userFeatures: model.userFeatures && pickRows(model.userFeatures, users) };
}

function pickRows(table: FeatureTable, chosen: readonly (number | undefined)[]): FeatureTable {
  const { width } = table;
  const rows = new Uint32Array(chosen.length * width);
  chosen.forEach((row, index) => {
    if (row !== undefined) rows.set(table.rows.subarray(row * width, (row + 1) * width), index * width);
  });
  return { ...table, rowCount: chosen.length, rows };
}
