import { PolymindError } from "../errors.ts";
import { disagreement } from "../graph/agreement.ts";
import { interpret } from "../graph/interpreter.ts";
import type { IsolatedNode } from "../graph/isolate.ts";
import { type Goal, plan } from "../graph/plan.ts";
import type { Program } from "../graph/program.ts";
import type { ProgramOptions } from "./program.ts";

/** How a family of kernels did. */
export interface FamilyResult {
  readonly name: string;
  /** The median of its runs; absent where it was refused. */
  readonly milliseconds?: number;
  /** Why it may not be chosen: that it does not run, or how it differs from the reference. */
  readonly refused?: string;
}

/** Measures; tests give their own. */
export interface Timer {
  /** Milliseconds since some instant. */
  now(): number;
  /** Runs a program, and tells the milliseconds that its kernels took. */
  time(program: Program): Promise<number>;
}

/** Runs shorter than this, in ms, are measured several in one submission. */
const short = 0.2;
const severalRuns = 10;

/** The device's clock, or the host's where the device has none. */
export const deviceTimer: Timer = {
  now: () => performance.now(),
  async time(program) {
    const timeOf = async (repeats: number) => {
      const { device, wall } = await program.measure({}, "run", repeats);
      return device ?? wall;
    };
    const once = await timeOf(1);
    return once < short ? timeOf(severalRuns) : once;
  },
};

/** One op of one shape, and the families that compete. */
export interface Contest {
  readonly isolated: IsolatedNode;
  readonly families: readonly string[];
  /** For all measured runs. */
  readonly seconds: number;
  compile(goal: Goal & ProgramOptions): Promise<Program>;
  readonly timer: Timer;
}

const mostRounds = 15;
/** A family slower than the fastest by more than this, after that many rounds, is measured no further. */
const hopeless = { factor: 1.5, rounds: 3 };

/** An element that no kernel writes holds this, and is found. */
const poison = 12345.678;

interface Contestant {
  readonly name: string;
  readonly program: Program;
  readonly times: number[];
}

/** Compiles each family, refuses those that differ from the reference, and measures the others by turns. */
export async function holdContest({ isolated, families, seconds, compile, timer }: Contest): Promise<FamilyResult[]> {
  const { goal, node } = isolated;
  const expected = interpret(plan(goal), {}, new Map());
  const refusals = new Map<string, string>();
  const contestants: Contestant[] = [];
  try {
    for (const name of families) {
      try {
        const chooseFamily = (other: unknown) => (other === node ? name : undefined);
        const program = await compile({ ...goal, poison, chooseFamily });
        contestants.push({ name, program, times: [] });
        const refusal = await check(program, goal, expected);
        if (refusal !== undefined) refusals.set(name, refusal);
      } catch (error) {
        if (!(error instanceof PolymindError)) throw error;
        refusals.set(name, error.message);
      }
    }
    const accepted = contestants.filter(({ name }) => !refusals.has(name));
    await measure(accepted, timer, timer.now() + 1000 * seconds);
    return families.map((name) => {
      const times = accepted.find((contestant) => contestant.name === name)?.times;
      return times ? { name, milliseconds: median(times) } : { name, refused: refusals.get(name)! };
    });
  } finally {
    for (const { program } of contestants) program.dispose();
  }
}

/** The first difference of a run from the reference. */
async function check(
  program: Program,
  { outputs }: Goal,
  expected: ReturnType<typeof interpret>,
): Promise<string | undefined> {
  await program.run({});
  for (const [name, value] of Object.entries(outputs)) {
    const difference = disagreement(await program.read(name), expected.get(value)!.data);
    if (difference !== undefined) return `output ${name}: ${difference}`;
  }
  return undefined;
}

/** Runs all in turn, so that what else the machine does befalls them alike, until the time is up; each at least once. */
async function measure(contestants: readonly Contestant[], { now, time }: Timer, deadline: number): Promise<void> {
  let hopeful = contestants;
  for (let round = 0; round < mostRounds; round++) {
    for (const { program, times } of hopeful) {
      if (round > 0 && now() >= deadline) return;
      times.push(await time(program));
    }
    if (round + 1 < hopeless.rounds) continue;
    const fastest = Math.min(...hopeful.map(({ times }) => median(times)));
    hopeful = hopeful.filter(({ times }) => median(times) <= hopeless.factor * fastest);
  }
}

function median(times: readonly number[]): number {
  const sorted = times.toSorted((a, b) => a - b);
  const middle = (sorted.length - 1) / 2;
  return (sorted[Math.floor(middle)]! + sorted[Math.ceil(middle)]!) / 2;
}
