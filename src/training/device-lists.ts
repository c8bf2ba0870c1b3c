import type { Engine } from "../engine.ts";
import type { Parameters, Program } from "../graph/program.ts";
import { bestItems, mostBestItems, writeAscending } from "../ops/best-items.ts";
import { noWinner } from "../reference/best-scores.ts";
import type { UserGraph } from "./encoded-users.ts";
import type { BestItems } from "./ranker.ts";

/** What the users of a batch were encoded to. */
export interface EncodedBatch {
  /** `[batch, interests, dimension]` */
  readonly interests: Float32Array;
  /** `[batch]` active interests. */
  readonly interestCounts: Uint32Array;
}

/** Makes lists of a batch of users on the device, without a score for every user and item. */
export interface DeviceLists {
  /** @param hidden items that are left out of the list of each user; they are as many as users are listed */
  best(users: EncodedBatch, hidden: readonly ReadonlySet<number>[], count: number): Promise<BestItems[]>;
  dispose(): void;
}

/** What {@link createDeviceLists} lists. */
export interface Listed {
  /** The graph of the users, for its items and the shape of its interests; it is built once for each length of lists. */
  readonly buildUsers: () => UserGraph;
  /** Users of the graph. */
  readonly batch: number;
  readonly itemCount: number;
  /** The most items that are left out of a user's list. */
  readonly mostHidden: number;
}

export function createDeviceLists(
  engine: Engine,
  parameters: Parameters,
  { buildUsers, batch, itemCount, mostHidden }: Listed,
): DeviceLists {
  const programs = new Map<string, Program>();

  async function programFor(top: number, slots: number): Promise<Program> {
    const key = `${top}, ${slots}`;
    const known = programs.get(key);
    if (known) return known;
    const { graph, items, interests } = buildUsers();
    const encoded = graph.input("encoded.interests", "f32", interests.shape);
    const counts = graph.input("encoded.counts", "u32", [batch]);
    const hidden = graph.input("hidden", "u32", [batch, slots]);
    const program = await engine.compile({
      outputs: bestItems(encoded, counts, items.all(), { top, hidden }),
      parameters,
    });
    programs.set(key, program);
    return program;
  }

  return {
    async best({ interests, interestCounts }, hidden, count) {
      const most = Math.min(count, itemCount);
      const top = Math.min(most, mostBestItems);
      // A list that is longer than what the device finds at once goes on without what it has.
      const rounds = Math.ceil(most / top);
      const slots = Math.max(1, mostHidden) + (rounds - 1) * top;
      const program = await programFor(top, slots);
      const lists = hidden.map((): BestItems => ({ items: [], scores: [], interests: [] }));
      for (let listed = 0; listed < most; listed += top) {
        const rows = new Uint32Array(batch * slots);
        for (const [row, left] of hidden.entries()) {
          const has = interestCounts[row] === 0 ? [] : lists[row]!.items;
          writeAscending(rows.subarray(row * slots, (row + 1) * slots), [...left, ...has]);
        }
        await program.run({ "encoded.interests": interests, "encoded.counts": interestCounts, hidden: rows });
        const [items, scores, found] = await program.readAll(["items", "scores", "found"]);
        for (const [row, list] of lists.entries()) {
          if (interestCounts[row] === 0) fillByIds(list, hidden[row]!, most, itemCount);
          const end = row * top + Math.min(top, most - listed);
          for (let at = row * top; at < end && items![at]! > 0; at++) {
            list.items.push(items![at]!);
            list.scores.push(scores![at]!);
            list.interests.push(found![at]!);
          }
        }
      }
      return lists;
    },
    dispose() {
      for (const program of programs.values()) program.dispose();
    },
  };
}

/** The list of a user without interests, for whom all items score 0: the lowest ids. */
function fillByIds(list: BestItems, left: ReadonlySet<number>, count: number, itemCount: number): void {
  for (let item = 1; item <= itemCount && list.items.length < count; item++) {
    if (left.has(item)) continue;
    list.items.push(item);
    list.scores.push(0);
    list.interests.push(noWinner);
  }
}
