import { meanPool } from "../ops/mean-pool.ts";
import { oneInterest } from "./layers.ts";
import { type Encode, type SharedOptions, sharedDefaults } from "./model.ts";

export const youtubeDnnDefaults: SharedOptions = sharedDefaults;

/** The baseline (YouTube DNN, RecSys 2016): the mean of the behaviours, joined with the profile, through the same layers as MIND. */
export function youtubeDnn(options: SharedOptions): Encode {
  return (graph, users, items) =>
    oneInterest(graph, meanPool(items.behaviours(users.history), users.lengths), users, options);
}
