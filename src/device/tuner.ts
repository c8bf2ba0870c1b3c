import { familyOf, planFamilies, supportedFamilies } from "../graph/families.ts";
import type { KernelTarget, Node, Value } from "../graph/graph.ts";
import type { InputArrays } from "../graph/interpreter.ts";
import { type Contents, feedersOf, isolate, outerInputs } from "../graph/isolate.ts";
import { type Goal, plan } from "../graph/plan.ts";
import type { Program } from "../graph/program.ts";
import { formatShape } from "../graph/shape.ts";
import { kernelsOf, signatureOf, type TunedChoice } from "../graph/tuning.ts";
import type { ProgramOptions } from "./program.ts";
import { type Contest, type FamilyResult, holdContest } from "./tuner-contest.ts";

export interface TuneOptions {
  /** The graph's inputs for one run, so that kernels are checked and measured on data like yours. */
  readonly example?: InputArrays;
  /** How long the families of one op are measured at most, together; default 2. Compiling and checking them come before. */
  readonly secondsPerOp?: number;
  /** Called after each op. */
  onOp?(result: TunedOp, done: number, total: number): void;
}

/** What tuning found out about one op of one shape. */
export interface TunedOp {
  readonly op: string;
  /** Its inputs of two dimensions and more. */
  readonly shapes: string;
  /** How many nodes of the graph it stands for. */
  readonly nodes: number;
  readonly families: readonly FamilyResult[];
  /** The family that the class of the adapter takes. */
  readonly standard: string;
  /** The family to take. */
  readonly chosen: string;
  /** All that was needed to find it. */
  readonly seconds: number;
}

export interface Tuning {
  /** For `createEngine` or `compile`, and to be remembered by `saveTuning`. */
  readonly choices: readonly TunedChoice[];
  readonly report: readonly TunedOp[];
}

/** What a tuner needs of an engine. */
export interface TunerContext extends Pick<Contest, "timer"> {
  readonly adapter: string;
  readonly target: Omit<KernelTarget, "isUsed">;
  compile(goal: Goal & ProgramOptions): Promise<Program>;
}

/** Checks and measures the families of every op that has several on this adapter; equal ops of equal shapes once. */
export async function tune(goal: Goal, options: TuneOptions, context: TunerContext): Promise<Tuning> {
  const { deviceNodes, isUsed } = planFamilies(goal, context.target);
  const target: KernelTarget = { ...context.target, isUsed };
  const groups = new Map<string, Node[]>();
  for (const node of deviceNodes) {
    // An op that updates parameters would spoil its own inputs.
    if (node.op.updates || supportedFamilies(node, target).length < 2) continue;
    const signature = signatureOf(node, target);
    groups.set(signature, [...(groups.get(signature) ?? []), node]);
  }
  const choices: TunedChoice[] = [];
  const report: TunedOp[] = [];
  for (const [signature, nodes] of groups) {
    const [node] = nodes as [Node];
    const result = { ...(await tuneNode(node, goal, target, options, context)), nodes: nodes.length };
    report.push(result);
    if (result.families.some(({ name, refused }) => name === result.chosen && refused === undefined)) {
      choices.push({ adapter: context.adapter, signature, kernels: kernelsOf(node, target), family: result.chosen });
    }
    options.onOp?.(result, report.length, groups.size);
  }
  return { choices, report };
}

async function tuneNode(
  node: Node,
  goal: Goal,
  target: KernelTarget,
  { example = {}, secondsPerOp = 2 }: TuneOptions,
  { compile, timer }: TunerContext,
): Promise<Omit<TunedOp, "nodes">> {
  const start = timer.now();
  const candidates = supportedFamilies(node, target);
  const spared = candidates.flatMap((family) => family.unread?.(node, target) ?? []);
  const feeders = feedersOf(node, spared, plan(goal).deviceNodes, goal);
  const contents = await contentsOf(outerInputs([...feeders, node]), example, compile);
  const isolated = isolate(node, feeders, contents, target.isUsed);
  const standard = familyOf(node, target).name;
  const families = candidates.map(({ name }) => name);
  const results = await holdContest({ isolated, families, seconds: secondsPerOp, compile, timer });
  return {
    op: node.op.name,
    shapes: node.inputs.flatMap(({ shape }) => (shape.length > 1 ? formatShape(shape) : [])).join(" "),
    families: results,
    standard,
    chosen: chooseAmong(results, standard),
    seconds: (timer.now() - start) / 1000,
  };
}

/** Another family must take this share of the standard one's time: the bits that it changes have to be worth it. */
const worthChanging = 0.95;

function chooseAmong(results: readonly FamilyResult[], standard: string): string {
  const timeOf = ({ milliseconds = Number.POSITIVE_INFINITY }: FamilyResult) => milliseconds;
  const fastest = results.reduce((best, result) => (timeOf(result) < timeOf(best) ? result : best));
  const own = results.find(({ name }) => name === standard)!;
  return timeOf(fastest) < worthChanging * timeOf(own) ? fastest.name : standard;
}

/** The values as a run on the example leaves them. */
async function contentsOf(
  values: readonly Value[],
  example: InputArrays,
  compile: TunerContext["compile"],
): Promise<Contents> {
  const contents = new Map<Value, Float32Array | Uint32Array>();
  for (const value of values) if (value.role === "constant") contents.set(value, value.initial!());
  const wanted = values.filter((value) => value.role !== "constant");
  if (wanted.length === 0) return contents;
  const program = await compile({ outputs: Object.fromEntries(wanted.map((value, i) => [`${i}`, value])) });
  try {
    await program.run(example);
    for (const [i, value] of wanted.entries()) contents.set(value, await program.read(`${i}`));
  } finally {
    program.dispose();
  }
  return contents;
}
