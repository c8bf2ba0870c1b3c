import { meanPool } from "../ops/mean-pool.ts";
import { through } from "./catalogue.ts";
import { createLayers, oneInterest } from "./layers.ts";
import { type Encode, type SharedOptions, sharedDefaults } from "./model.ts";

export interface DssmOptions extends SharedOptions {
  /** Widths of the hidden layers of the item tower; `[]` leaves one linear layer. Those of the user tower are `hiddenLayers`. */
  readonly itemHiddenLayers: readonly number[];
}

/** Scores are cosines, as in the paper (CIKM 2013), and a temperature sharpens them; widths and L are ours. */
export const dssmDefaults: DssmOptions = {
  ...sharedDefaults,
  itemHiddenLayers: [128],
  normaliseOutputs: true,
};

/**
 * Two towers (DSSM, CIKM 2013; for retrieval as in Yi et al., RecSys 2019). The user tower: the mean of the behaviours' embeddings,
 * joined with the profile, through layers. The item tower: the mean of an item's embedding and its features', through layers of its
 * own. Behaviours and the item tower share one table of embeddings unless `inputEmbeddings` says otherwise.
 */
export function dssm(options: DssmOptions): Encode {
  return (graph, users, items) => {
    const { dimension, itemHiddenLayers, seed } = options;
    const pooled = meanPool(items.behaviours(users.history), users.lengths);
    const user = oneInterest(graph, pooled, users, options);
    const tower = createLayers(graph, "items.tower", [dimension, ...itemHiddenLayers, dimension], seed);
    return { ...user, items: through(items, tower) };
  };
}
