import type { Sequences } from "../src/data/sequences.ts";
import { uniform } from "./numbers.ts";

export interface CatalogueLog {
  readonly users: number;
  readonly items: number;
  /** Interactions of each user. */
  readonly length: number;
  readonly seed: number;
}

/**
 * Sequences over a catalogue of any size, whose items' popularity falls as 1 / rank. Users, lengths and popularity are the same for every
 * size, so that steps over small and large catalogues differ by the catalogue alone.
 */
export function catalogueLog({ users, items, length, seed }: CatalogueLog): Sequences {
  const draws = uniform(users * length, seed);
  return {
    userCount: users,
    itemCount: items,
    offsets: Uint32Array.from({ length: users + 1 }, (_, user) => user * length),
    items: Uint32Array.from(draws, (draw) => Math.min(items, Math.floor((items + 1) ** ((draw + 1) / 2)))),
  };
}
