import type { Protocol } from "../training/protocol.ts";

/** A number that others report. */
export interface PublishedResult {
  readonly source: string;
  readonly data: string;
  readonly protocol: string;
  readonly model: string;
  /** By names like "HitRate@50". */
  readonly metrics: Readonly<Record<string, number>>;
  /** Whether data and protocol are those of the comparison; else the numbers must not be held against each other. */
  readonly isComparable: boolean;
}

/** What a log must be like to be the one of a source. */
interface KnownLog {
  readonly users: number;
  readonly items: number;
  readonly interactions: number;
}

interface Source {
  readonly source: string;
  readonly data: string;
  /** Missing where the log is not at hand, so that nothing can be told to be it. */
  readonly log?: KnownLog;
  readonly protocol: Protocol["protocol"];
  readonly includeSeen: boolean;
  /** What else the protocol says. */
  readonly how: string;
  readonly results: readonly (readonly [model: string, metrics: Readonly<Record<string, number>>])[];
}

const hitRates = (at10: number, at50: number, at100: number) => ({
  "HitRate@10": at10,
  "HitRate@50": at50,
  "HitRate@100": at100,
});
const at50 = (recall: number, hitRate: number) => ({ "Recall@50": recall, "HitRate@50": hitRate });

const movieLens = { users: 6040, items: 3706, interactions: 1_000_209 };

const sources: readonly Source[] = [
  {
    source: "independent code, one seed",
    data: "MovieLens-1M",
    log: movieLens,
    protocol: "leave-one-out",
    includeSeen: false,
    how: "whole catalogue, seen items left out",
    results: [
      ["most popular", hitRates(0.0394, 0.1452, 0.2326)],
      ["single vector, 6 passes", { ...hitRates(0.1303, 0.3296, 0.4522), "NDCG@10": 0.0692 }],
      ["MIND, loss on the chosen interest, 8 passes", { ...hitRates(0.1063, 0.2887, 0.4046), "NDCG@10": 0.055 }],
    ],
  },
  {
    source: "SASRec (ICDM 2018), re-run by others",
    data: "Amazon Beauty, 5-core",
    log: { users: 22_363, items: 12_101, interactions: 198_502 },
    protocol: "leave-one-out",
    includeSeen: true,
    how: "whole catalogue, seen items included",
    results: [["SASRec", { "HitRate@10": 0.0605, "NDCG@10": 0.0318 }]],
  },
  {
    source: "MIND (CIKM 2019)",
    data: "Amazon Books",
    protocol: "random",
    includeSeen: true,
    how: "interactions split 19:1",
    results: [
      ["WALS", hitRates(0.0144, 0.0553, 0.0907)],
      ["YouTube DNN", hitRates(0.0231, 0.0746, 0.1143)],
      ["MaxMF, K interests", hitRates(0.0285, 0.0862, 0.1304)],
      ["MIND, 1 interest", hitRates(0.0273, 0.0978, 0.1459)],
      ["MIND, K interests", hitRates(0.0309, 0.1101, 0.1631)],
    ],
  },
  {
    source: "MIND (CIKM 2019)",
    data: "TmallData",
    protocol: "random",
    includeSeen: true,
    how: "interactions split 19:1",
    results: [
      ["WALS", hitRates(0.0372, 0.0831, 0.1126)],
      ["YouTube DNN", hitRates(0.0589, 0.1256, 0.1648)],
      ["MaxMF, K interests", hitRates(0.0628, 0.182, 0.2567)],
      ["MIND, 1 interest", hitRates(0.072, 0.1512, 0.193)],
      ["MIND, K interests", hitRates(0.0972, 0.208, 0.2699)],
    ],
  },
  {
    source: "ComiRec (KDD 2020)",
    data: "Amazon Books",
    protocol: "users",
    includeSeen: true,
    how: "users split 8:1:1, first 80 % of a sequence is the history",
    results: [
      ["most popular", at50(0.024, 0.052)],
      ["YouTube DNN", at50(0.073, 0.159)],
      ["GRU4Rec", at50(0.065, 0.137)],
      ["MIND", at50(0.076, 0.161)],
      ["ComiRec-SA", at50(0.085, 0.172)],
      ["ComiRec-DR", at50(0.081, 0.176)],
    ],
  },
];

/** All that is published, with what may be held against results on a log; those first. */
export function publishedResults(
  log: KnownLog & { readonly protocol: Protocol; readonly includeSeen: boolean },
): PublishedResult[] {
  const all = sources.flatMap((source) => {
    const { log: known, protocol, includeSeen, how, results } = source;
    const isComparable =
      known !== undefined &&
      known.users === log.users &&
      known.items === log.items &&
      known.interactions === log.interactions &&
      protocol === log.protocol.protocol &&
      includeSeen === log.includeSeen;
    return results.map(([model, metrics]) => ({
      ...{ source: source.source, data: source.data, protocol: `${protocol}: ${how}` },
      ...{ model, metrics, isComparable },
    }));
  });
  return all.toSorted((a, b) => Number(b.isComparable) - Number(a.isComparable));
}
