import type { Engine } from "../../src/engine.ts";
import { createExactIndex } from "../../src/retrieval/exact-index.ts";
import type { RetrievalInputs, RetrievalPeer } from "./retrieval-peer.ts";

/** Our own exact search, as a recommender calls it. */
export function polymindExact(engine: Engine, { table, interests, sizes, top }: RetrievalInputs): RetrievalPeer {
  const { items: itemCount, dimension, interests: interestCount } = sizes;
  const parameters = engine.createParameters();
  parameters.define("items", [itemCount + 1, dimension], table);
  const index = createExactIndex(engine, { name: "items", itemCount, dimension, parameters });
  const width = interestCount * dimension;
  return {
    async search(users) {
      const queries = Array.from({ length: users }, (_, user) => ({
        vectors: interests.subarray(user * width, (user + 1) * width),
      }));
      return index.search(queries, top);
    },
    dispose: () => index.dispose(),
  };
}
