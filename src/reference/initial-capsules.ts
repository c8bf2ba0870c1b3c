import { randomStream } from "./random.ts";

export interface InitialCapsulesRule {
  /** Most capsules of a user. */
  readonly interests: number;
  /** `"max-min"`: a drawn behaviour, then the one farthest from those chosen; `"markov"`: central ones that are not alike. */
  readonly method: "max-min" | "markov";
  /** tau of markov's transitions, exp(cos / tau). */
  readonly temperature: number;
  /** The cosine above which behaviours are neighbours, of which markov keeps one. */
  readonly threshold: number;
}

export interface InitialCapsulesInputs {
  /** `[batch, length, d]` */
  readonly e: Float64Array;
  readonly lengths: Uint32Array;
  /** Most capsules of each user. */
  readonly limits: Uint32Array;
  /** The place of the first capsule for each number of behaviours, `[length + 1]`. */
  readonly drawn: Uint32Array;
  /** 1 / |e|, `[batch, length, 1]` */
  readonly inverseNorms: Float64Array;
}

/** The stream of drawn places, apart from those of data, logits and parameters. */
const placeStream = 2;

/** A place below n for every n to `length`: it depends on (seed, n) alone, so that a history always starts from the same one. */
export function drawnPlaces(length: number, seed: number): Uint32Array {
  const stream = randomStream(seed, placeStream);
  return Uint32Array.from({ length: length + 1 }, (_, n) => (n === 0 ? 0 : stream.below(n, n)));
}

/**
 * Rows of the behaviours of each user to start routing from.
 * @returns `capsules [batch, interests, d]`, 0 beyond the `counts [batch]`
 */
export function initialCapsules(
  { e, lengths, limits, drawn, inverseNorms }: InitialCapsulesInputs,
  length: number,
  d: number,
  rule: InitialCapsulesRule,
) {
  const batch = lengths.length;
  const capsules = new Float64Array(batch * rule.interests * d);
  const counts = new Uint32Array(batch);
  for (let user = 0; user < batch; user++) {
    const n = Math.min(lengths[user]!, length);
    const limit = Math.min(limits[user]!, rule.interests);
    const rows = Array.from({ length: n }, (_, i) => e.subarray((user * length + i) * d, (user * length + i + 1) * d));
    const norms = inverseNorms.subarray(user * length, user * length + n);
    const chosen =
      rule.method === "markov" ? centralPlaces(rows, norms, limit, rule) : farthestPlaces(rows, drawn[n]!, limit);
    counts[user] = chosen.length;
    for (const [j, place] of chosen.entries()) capsules.set(rows[place]!, (user * rule.interests + j) * d);
  }
  return { capsules, counts };
}

type Rows = readonly Float64Array[];

/** The index of the largest value, the first of equals. */
const largestOf = (values: readonly number[]) => values.indexOf(Math.max(...values));

function farthestPlaces(rows: Rows, first: number, limit: number): number[] {
  const chosen: number[] = [];
  const distances: number[] = rows.map((_, i) => (i === first ? Infinity : 0));
  while (chosen.length < Math.min(limit, rows.length)) {
    const place = largestOf(distances);
    for (const [i, row] of rows.entries()) {
      const distance = row.reduce((sum, value, c) => sum + (value - rows[place]![c]!) ** 2, 0);
      distances[i] = chosen.length === 0 ? distance : Math.min(distances[i]!, distance);
    }
    chosen.push(place);
    for (const other of chosen) distances[other] = -1;
  }
  return chosen;
}

/**
 * The transitions P_il ~ exp(cos / tau) are those of a walk over symmetric weights, so that the stationary probability of a state is
 * its share of the weights; a state counts that times its neighbours, itself among them.
 */
function centralPlaces(rows: Rows, norms: Float64Array, limit: number, rule: InitialCapsulesRule): number[] {
  const cosine = (i: number, l: number) =>
    norms[i]! * norms[l]! * rows[i]!.reduce((sum, value, c) => sum + value * rows[l]![c]!, 0);
  const open = rows.map((_, i) => {
    let weight = 0;
    let neighbours = 0;
    for (let l = 0; l < rows.length; l++) {
      if (l !== i) weight += Math.exp((cosine(i, l) - 1) / rule.temperature);
      if (cosine(i, l) > rule.threshold) neighbours++;
    }
    return weight * neighbours;
  });
  const chosen: number[] = [];
  while (chosen.length < limit && open.some((value) => value >= 0)) {
    const place = largestOf(open);
    chosen.push(place);
    for (let l = 0; l < rows.length; l++) if (l === place || cosine(place, l) > rule.threshold) open[l] = -1;
  }
  return chosen;
}
