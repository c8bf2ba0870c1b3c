import { mergeBest } from "../../src/retrieval/policies.ts";
import type { RetrievalInputs, RetrievalPeer } from "./retrieval-peer.ts";

/** usearch's exact search: a list for each interest, merged by best score; undefined where it is not installed. */
export async function usearchExact({
  table,
  interests,
  sizes,
  top,
}: RetrievalInputs): Promise<RetrievalPeer | undefined> {
  const usearch = await import("usearch").catch(() => undefined);
  if (usearch === undefined) return undefined;
  const { exactSearch, MetricKind, BatchMatches } = usearch;
  const { dimension, interests: interestCount } = sizes;
  return {
    async search(users) {
      const queries = interests.subarray(0, users * interestCount * dimension);
      // One more, for row 0 is no item; a view of the table without it would be read from its buffer's beginning all the same.
      const found = exactSearch(table, queries, dimension, top + 1, MetricKind.IP);
      if (!(found instanceof BatchMatches)) throw new Error("usearch: expected matches of a batch");
      return Array.from({ length: users }, (_, user) =>
        mergeBest(
          Array.from({ length: interestCount }, (_, interest) => {
            const { keys, distances } = found.get(user * interestCount + interest);
            const hits = Array.from(keys, (key, i) => ({ item: Number(key), score: 1 - distances[i]!, interest }));
            return hits.filter(({ item }) => item > 0);
          }),
          top,
        ),
      );
    },
    dispose() {},
  };
}
