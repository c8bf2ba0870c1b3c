import type { Engine } from "../engine.ts";
import { fail } from "../errors.ts";
import type { Arrays } from "../models/arrays.ts";
import { isFitted, type ModelSpec } from "../models/registry.ts";
import type { Dataset } from "./dataset.ts";
import { endEpoch, validating } from "./end-epoch.ts";
import { createFeeder } from "./feeder.ts";
import { fitModel } from "./fit.ts";
import { createJudge } from "./judge.ts";
import { buildObjective } from "./objective.ts";
import type { TrainingOptions } from "./options.ts";
import { pickArrays, restore, snapshot } from "./parameter-arrays.ts";
import { withPretraining } from "./pretraining.ts";
import { type Checkpoint, goesOn, nothingTrained, type TrainingHooks, type TrainingResult } from "./progress.ts";
import { createSteps } from "./steps.ts";

/** Steps between two readings of the loss; a reading waits for the device. */
const stepsPerReading = 20;
const checkpointSeconds = 300;

/** Trains or fits a model; with `from`, goes on where a checkpoint stopped and ends with the bits of an uninterrupted training. */
export async function train(
  engine: Engine,
  spec: ModelSpec,
  dataset: Dataset,
  options: TrainingOptions,
  hooks: TrainingHooks = {},
  from?: Checkpoint,
): Promise<TrainingResult> {
  if (isFitted(spec)) return fitModel(engine, spec, dataset, options, hooks, from);
  const begun = from === undefined ? await withPretraining(spec, dataset, options, hooks) : dataset;
  const { loss, updates, sampler } = buildObjective(spec, begun, options);
  const parameters = engine.createParameters();
  if (from !== undefined) restore(parameters, from.state);
  const program = await engine.compile({ outputs: { loss }, updates, parameters });
  if (from !== undefined && parameters.names.length !== from.state.size) {
    fail("train: the checkpoint belongs to another model or other options; resume with those it was made with");
  }
  hooks.onCompiled?.(program);
  const learned = () => parameters.names.filter((name) => !isMoment(name));
  let progress = from?.progress ?? nothingTrained;
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
  const task = { spec, data: { ...dataset, itemEmbeddings: undefined }, options, plan: program.plan, first };
  const feeder = await createFeeder(steps, task, engine.description.kind, hooks.batchesFrom);
  const judging = validating(options, hooks.onValidation);
  const validation = createJudge(engine, parameters, spec, dataset, dataset.split.validation, judging);

  try {
    while (goesOn(progress, options)) {
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
      const ended = endEpoch(await validation.judge(), options, progress, trained);
      progress = ended.progress;
      if (ended.isBest) best = await snapshot(parameters, learned());
      hooks.onEpoch?.(ended.result, ended.judgement);
      await checkpoint();
      if (hooks.signal?.aborted) break;
    }
    const kept = best ?? (await snapshot(parameters, learned()));
    return { progress, best: kept, interrupted: goesOn(progress, options) };
  } finally {
    await feeder.close();
    validation.dispose();
    program.dispose();
  }
}

/** Whether a parameter is a moment of the optimizer. */
export const isMoment = (name: string): boolean => name.endsWith("Moment");

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
