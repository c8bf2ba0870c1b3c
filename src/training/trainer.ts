import type { Engine } from "../engine.ts";
import { fail } from "../errors.ts";
import type { RankingMetrics } from "../evaluation/metrics.ts";
import type { Parameters, Program } from "../graph/program.ts";
import type { Precision } from "../graph/shape.ts";
import type { ModelSpec } from "../models/registry.ts";
import type { Dataset } from "./dataset.ts";
import { createFeeder, type FeederPlace } from "./feeder.ts";
import { type Judgement, judge } from "./judge.ts";
import { buildObjective } from "./objective.ts";
import type { TrainingOptions } from "./options.ts";
import { createSteps } from "./steps.ts";

/** Where a training stands: what a checkpoint says beside the parameters. */
export interface TrainingProgress {
  /** The epoch and the step within it that come next, from 0. */
  readonly epoch: number;
  readonly step: number;
  /** One entry for each finished epoch. */
  readonly history: readonly EpochResult[];
  /** The best epoch so far by HitRate@50 on the validation users; its parameters are the model. */
  readonly bestEpoch?: number;
  readonly finished: boolean;
}

export interface EpochResult {
  readonly epoch: number;
  /** Mean of the losses read during the epoch. */
  readonly loss: number;
  readonly seconds: number;
  readonly samplesPerSecond: number;
  readonly validation: readonly RankingMetrics[];
  readonly interestCosine: number | null;
}

/** A parameter as it is kept on the host; `data` of precision `"f16"` are numbers that halves can hold. */
export interface StoredArray {
  readonly shape: readonly number[];
  readonly data: Float32Array;
  /** Default `"f32"`. */
  readonly precision?: Precision;
}

export type Arrays = ReadonlyMap<string, StoredArray>;

/** All that must be kept to go on with the same bits. */
export interface Checkpoint {
  readonly progress: TrainingProgress;
  /** Every parameter and optimizer moment as it stands. */
  readonly state: Arrays;
  /** The parameters of the best epoch; those of now before the first validation. */
  readonly best: Arrays;
}

export interface StepReport {
  readonly epoch: number;
  readonly step: number;
  readonly stepsPerEpoch: number;
  readonly loss: number;
  readonly samplesPerSecond: number;
}

export interface TrainingHooks {
  /** Called with the compiled step, before it is run. */
  onCompiled?(program: Program): void;
  onStep?(report: StepReport): void;
  onEpoch?(result: EpochResult, judgement: Judgement): void;
  /** Called after each epoch, every few minutes and when interrupted; training goes on when it resolves. */
  onCheckpoint?(checkpoint: Checkpoint): Promise<void>;
  /** Aborting it ends training after the step at hand, with a last checkpoint. */
  readonly signal?: AbortSignal;
  /** Where batches are made; the bits are the same. Default: in a worker for a GPU and a log that is not small, else in this thread. */
  readonly batchesFrom?: FeederPlace;
}

export interface TrainingResult {
  readonly progress: TrainingProgress;
  readonly best: Arrays;
  readonly interrupted: boolean;
}

/** Steps between two readings of the loss; a reading waits for the device. */
const stepsPerReading = 20;
const checkpointSeconds = 300;
const validationCutoffs = [10, 50, 100];

/** Trains a model; with `from`, goes on where a checkpoint stopped and ends with the bits of an uninterrupted training. */
export async function train(
  engine: Engine,
  spec: ModelSpec,
  dataset: Dataset,
  options: TrainingOptions,
  hooks: TrainingHooks = {},
  from?: Checkpoint,
): Promise<TrainingResult> {
  const { loss, updates, sampler } = buildObjective(spec, dataset, options);
  const parameters = engine.createParameters();
  if (from !== undefined) restore(parameters, from.state);
  const program = await engine.compile({ outputs: { loss }, updates, parameters });
  if (from !== undefined && parameters.names.length !== from.state.size) {
    fail("train: the checkpoint belongs to another model or other options; resume with those it was made with");
  }
  hooks.onCompiled?.(program);
  const learned = () => parameters.names.filter((name) => !isMoment(name));
  let progress: TrainingProgress = from?.progress ?? { epoch: 0, step: 0, history: [], finished: false };
  let best: Arrays | undefined = from?.progress.bestEpoch === undefined ? undefined : from.best;
  let savedAt = performance.now();
  const checkpoint = async () => {
    const state = await snapshot(parameters, parameters.names);
    await hooks.onCheckpoint?.({ progress, state, best: best ?? pickArrays(state, learned()) });
    savedAt = performance.now();
  };
  const steps = createSteps(program.plan, sampler, dataset, spec, options);
  const stepsPerEpoch = steps.perEpoch;
  const first = progress.epoch * stepsPerEpoch + progress.step;
  const task = { spec, data: dataset, options, plan: program.plan, first };
  const feeder = await createFeeder(steps, task, engine.description.kind, hooks.batchesFrom);

  try {
    while (!progress.finished && progress.epoch < options.epochs) {
      const { epoch } = progress;
      const meter = createMeter();
      for (let { step } = progress; step < stepsPerEpoch; step++) {
        const { inputs, computed } = await feeder.next();
        await program.run(inputs, computed);
        // References never wait for anything, so nobody would hear a Ctrl-C.
        if (engine.description.kind === "cpu") await new Promise((resolve) => setTimeout(resolve));
        meter.add(steps.samplesIn(step));
        const last = step + 1 === stepsPerEpoch;
        if ((step + 1) % stepsPerReading === 0 || last) {
          const [value] = await program.read("loss");
          if (!Number.isFinite(value)) {
            fail(
              `train: the loss became ${value} in epoch ${epoch + 1}, step ${step + 1}; the last checkpoint stands; try a smaller --rate`,
            );
          }
          meter.read(value!);
          hooks.onStep?.({
            epoch,
            step: step + 1,
            stepsPerEpoch,
            loss: meter.loss(),
            samplesPerSecond: meter.rate(),
          });
        }
        progress = { ...progress, step: step + 1 };
        if (hooks.signal?.aborted && !last) {
          await checkpoint();
          return { progress, best: best ?? (await snapshot(parameters, learned())), interrupted: true };
        }
        if (performance.now() - savedAt > checkpointSeconds * 1000 && !last) await checkpoint();
      }
      const trained = { loss: meter.loss(), seconds: meter.seconds(), samplesPerSecond: meter.rate() };
      const judgement = await judge(engine, parameters, spec, dataset, dataset.split.validation, {
        at: validationCutoffs,
        includeSeen: options.includeSeen,
        users: options.validationUsers,
      });
      const result: EpochResult = {
        epoch,
        ...trained,
        validation: judgement.metrics,
        interestCosine: judgement.interestCosine,
      };
      const history = [...progress.history, result];
      const bestEpoch = bestOf(history);
      if (bestEpoch === epoch) best = await snapshot(parameters, learned());
      progress = { epoch: epoch + 1, step: 0, history, bestEpoch, finished: false };
      progress = { ...progress, finished: isFinished(progress, options) };
      hooks.onEpoch?.(result, judgement);
      await checkpoint();
      if (hooks.signal?.aborted) break;
    }
    const interrupted = !progress.finished && progress.epoch < options.epochs;
    return { progress, best: best ?? (await snapshot(parameters, learned())), interrupted };
  } finally {
    await feeder.close();
    program.dispose();
  }
}

/** Whether there is nothing left to train: all epochs are done, or the last ones brought nothing better. */
export function isFinished({ epoch, bestEpoch }: TrainingProgress, { epochs, patience }: TrainingOptions): boolean {
  return epoch >= epochs || (bestEpoch !== undefined && epoch - 1 - bestEpoch >= patience);
}

/** The epoch of the highest validated HitRate@50; the earlier of equal ones. */
function bestOf(history: readonly EpochResult[]): number {
  const score = (result: EpochResult) => result.validation.find((metric) => metric.at === 50)?.hitRate ?? 0;
  return history.reduce((best, result) => (score(result) > score(best) ? result : best)).epoch;
}

/** Whether a parameter is a moment of the optimizer. */
export const isMoment = (name: string): boolean => name.endsWith("Moment");

async function snapshot(parameters: Parameters, names: readonly string[]): Promise<Arrays> {
  const arrays = new Map<string, StoredArray>();
  for (const name of names) {
    const [shape, precision] = [parameters.shapeOf(name), parameters.precisionOf(name)];
    arrays.set(name, { shape, precision, data: await parameters.read(name) });
  }
  return arrays;
}

function pickArrays(arrays: Arrays, names: readonly string[]): Arrays {
  return new Map(names.map((name) => [name, arrays.get(name)!]));
}

/** Puts saved arrays in place, before a program that uses them is compiled. */
export function restore(parameters: Parameters, arrays: Arrays): void {
  for (const [name, { shape, data, precision }] of arrays) parameters.define(name, shape, data, precision);
}

/** Counts samples, time and losses of an epoch. */
function createMeter() {
  const start = performance.now();
  let samples = 0;
  let sum = 0;
  let readings = 0;
  const seconds = () => (performance.now() - start) / 1000;
  return {
    add: (count: number) => {
      samples += count;
    },
    read: (loss: number) => {
      sum += loss;
      readings++;
    },
    loss: () => sum / Math.max(1, readings),
    rate: () => samples / seconds(),
    seconds,
  };
}
