import { gru } from "../ops/gru.ts";
import { orthogonal, zeros } from "./initializers.ts";
import { createLayer, oneInterest } from "./layers.ts";
import { type Encode, type SharedOptions, sharedDefaults } from "./model.ts";

export interface Gru4recOptions extends SharedOptions {
  /** Width of the recurrent state, a multiple of 4. */
  readonly stateDimension: number;
}

/** One layer of 100 units is the paper's (ICLR 2016) first choice; ours is as wide as the items are, with one linear layer after it. */
export const gru4recDefaults: Gru4recOptions = {
  ...sharedDefaults,
  stateDimension: 64,
  hiddenLayers: [],
};

/** GRU4Rec (ICLR 2016): a recurrent unit reads the behaviours, oldest first; its last state becomes the user's one vector. */
export function gru4rec(options: Gru4recOptions): Encode {
  return (graph, users, items) => {
    const { dimension, stateDimension: h, seed } = options;
    const input = createLayer(graph, "recurrent.input", [dimension, 3 * h], seed);
    const gates = input(items.behaviours(users.history));
    const stateName = "recurrent.state.weight";
    const state = gru(
      gates,
      graph.parameter(stateName, [h, 3 * h], orthogonal({ seed, name: stateName })),
      graph.parameter("recurrent.state.bias", [1, 3 * h], zeros),
      users.lengths,
    );
    return oneInterest(graph, state, users, options);
  };
}
