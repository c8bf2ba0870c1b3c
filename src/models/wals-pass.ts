import type { FittingProgress } from "./fitted.ts";
import type { InteractionMatrix, SparseRows } from "./interaction-matrix.ts";
import { lowerOf, type NormalEquationsOptions } from "./normal-equations.ts";
import { traceOfProduct, widthOf } from "./symmetric.ts";
import type { Crew } from "./wals-crew.ts";
import {
  chunkRows,
  chunksOf,
  isWhitened,
  otherSide,
  rowsOf,
  type WalsMemory,
  type WalsSide,
  type WalsStep,
  workOn,
} from "./wals-work.ts";

/** Item factors `[items + 1, dimension]`, and their `Y^T Y` where it is known. */
interface ItemFactors {
  readonly items: Float32Array;
  readonly gram?: Float64Array | undefined;
}

interface Pass extends Required<ItemFactors> {
  /**
   * What a pass makes smaller, for each pair of a user and an item that had to do with each other:
   * `sum over all pairs of c (p - x . y)^2 + lambda (sum |x|^2 + sum |y|^2)`.
   */
  readonly loss: number;
}

/** Fewer operations than this take less than a second in one thread, of which workers spend 0.2 s on starting. */
const smallPass = 1e9;

/** One pass: the users from the items, the items from the users, each side by as many threads as there are. */
export async function walsPass(
  { byUser, byItem }: InteractionMatrix,
  { items: first, gram: firstGram }: ItemFactors,
  options: NormalEquationsOptions,
  onProgress: FittingProgress,
  threads?: number,
): Promise<Pass> {
  const { dimension, confidence, regularisation } = options;
  const crewOf = await crewFor(threads, byUser.columns.length * dimension ** 2);
  const memory = createMemory(
    { users: byUser, items: byItem },
    first,
    { dimension, confidence, regularisation },
    crewOf !== undefined,
  );
  const crew = crewOf?.(memory) ?? inThread(memory);
  const total = rowsOf(memory, "users") + rowsOf(memory, "items") + 1;
  let done = 0;
  const run = async (step: WalsStep) => {
    const rows = rowsOf(memory, step.side);
    const size = chunkRows(step, rows);
    await crew.run(step, chunksOf(step, rows), async (chunk) => {
      if (step.kind === "solve") done += Math.min(rows, (chunk + 1) * size) - chunk * size;
      await onProgress(done, total);
    });
  };
  const gramOf = async (side: WalsSide) => {
    const step: WalsStep = { kind: "gram", side };
    await run(step);
    return sumOfParts(memory.gramParts, chunksOf(step, rowsOf(memory, side)), widthOf(dimension) ** 2);
  };
  const solve = async (side: WalsSide, gram: Float64Array) => {
    memory.gram.set(gram);
    if (isWhitened(memory, side)) {
      memory.lower.set(lowerOf(gram, options));
      await run({ kind: "whiten", side: otherSide(side) });
    }
    await run({ kind: "solve", side });
  };
  try {
    await solve("users", firstGram ?? (await gramOf("items")));
    const users = await gramOf("users");
    await solve("items", users);
    const gram = await gramOf("items");
    const step: WalsStep = { kind: "loss", side: "users" };
    await run(step);
    // All pairs as if none had been: sum (x . y)^2 = trace(X^T X Y^T Y).
    const width = widthOf(dimension);
    const [pairs] = sumOfParts(memory.lossParts, chunksOf(step, rowsOf(memory, "users")), 1);
    const squares = trace(users, dimension, width) + trace(gram, dimension, width);
    const sum = pairs! + traceOfProduct(users, gram, dimension, width) + regularisation * squares;
    await onProgress(total, total);
    return { items: Float32Array.from(memory.factors.items), gram, loss: sum / byUser.columns.length };
  } finally {
    await crew.close();
  }
}

/** What makes a crew of workers, where the pass is large enough for it or threads are asked for. */
async function crewFor(
  threads: number | undefined,
  operations: number,
): Promise<((memory: WalsMemory) => Crew) | undefined> {
  const inNode = typeof process === "object" && process.versions?.node !== undefined;
  if (threads === 0 || !inNode || (threads === undefined && operations < smallPass)) return undefined;
  const { startCrew, threadsHere } = await import("./wals-crew.ts");
  const count = threads ?? threadsHere();
  return count === 0 ? undefined : (memory) => startCrew(memory, count);
}

/** The crew of this thread alone. */
function inThread(memory: WalsMemory): Crew {
  return {
    async run(step, chunks, onChunk) {
      const work = workOn(memory, step);
      for (let chunk = 0; chunk < chunks; chunk++) {
        work(chunk);
        await onChunk(chunk);
      }
    },
    async close() {},
  };
}

function createMemory(
  entries: WalsMemory["entries"],
  first: Float32Array,
  options: NormalEquationsOptions,
  isShared: boolean,
): WalsMemory {
  const { dimension } = options;
  const reserve = (bytes: number) => (isShared ? new SharedArrayBuffer(bytes) : new ArrayBuffer(bytes));
  const floats = (length: number) => new Float32Array(reserve(4 * length));
  const doubles = (length: number) => new Float64Array(reserve(8 * length));
  const integers = (values: Uint32Array) => {
    if (!isShared) return values;
    const copy = new Uint32Array(reserve(values.byteLength));
    copy.set(values);
    return copy;
  };
  const sides: readonly WalsSide[] = ["users", "items"];
  const partsOf = (kind: "gram" | "loss") =>
    Math.max(...sides.map((side) => chunksOf({ kind, side }, rowsOf({ entries }, side))));
  const whitened = sides.filter((side) => isWhitened({ entries, options }, side)).map(otherSide);
  const whitenedRows = Math.max(0, ...whitened.map((side) => rowsOf({ entries }, side)));
  const matrix = widthOf(dimension) ** 2;
  const sparse = ({ offsets, columns, values }: SparseRows): SparseRows => ({
    offsets: integers(offsets),
    columns: integers(columns),
    values: integers(values),
  });
  const factors = { users: floats(rowsOf({ entries }, "users") * dimension), items: floats(first.length) };
  factors.items.set(first);
  return {
    options,
    entries: { users: sparse(entries.users), items: sparse(entries.items) },
    factors,
    gram: doubles(matrix),
    lower: doubles(matrix),
    whitened: doubles(whitenedRows * dimension),
    gramParts: doubles(partsOf("gram") * matrix),
    lossParts: doubles(partsOf("loss")),
  };
}

/** The sum of the first `count` of some parts, from the first on. */
function sumOfParts(parts: Float64Array, count: number, size: number): Float64Array {
  const sum = new Float64Array(size);
  for (let part = 0; part < count; part++) for (let i = 0; i < size; i++) sum[i]! += parts[part * size + i]!;
  return sum;
}

function trace(matrix: Float64Array, dimension: number, width: number): number {
  let sum = 0;
  for (let i = 0; i < dimension; i++) sum += matrix[i * width + i]!;
  return sum;
}
