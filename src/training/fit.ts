import type { Engine } from "../engine.ts";
import type { Arrays } from "../models/arrays.ts";
import { type FittedSpec, fittedModel } from "../models/registry.ts";
import { createTicker } from "../ticker.ts";
import type { Dataset } from "./dataset.ts";
import { endEpoch, validating } from "./end-epoch.ts";
import { judge } from "./judge.ts";
import type { TrainingOptions } from "./options.ts";
import { type Checkpoint, goesOn, nothingTrained, type TrainingHooks, type TrainingResult } from "./progress.ts";

/** Reports come, and others get their turn, so often. */
export const secondsBetweenReports = 0.1;

/** Fits a model pass by pass, as `train` trains one epoch by epoch: validated, kept at its best, and resumed with the same bits. */
export async function fitModel(
  engine: Engine,
  spec: FittedSpec,
  dataset: Dataset,
  options: TrainingOptions,
  hooks: TrainingHooks,
  from?: Checkpoint,
): Promise<TrainingResult> {
  const model = fittedModel(spec);
  const limited = { ...options, epochs: model.isIterative ? options.epochs : 1 };
  const { train } = dataset.split;
  let progress = from?.progress ?? nothingTrained;
  let now: Arrays | undefined = from?.state;
  let best: Arrays = from?.best ?? new Map();
  while (goesOn(progress, limited)) {
    const { epoch } = progress;
    const clock = createClock(train.items.length);
    const isTime = createTicker(secondsBetweenReports);
    const { arrays, loss } = await model.pass(train, now, async (done, total) => {
      if (done < total && !isTime()) return;
      const share = { step: done, stepsPerEpoch: total, samplesPerSecond: clock.rate(done / total) };
      hooks.onStep?.({ epoch, loss: null, ...share });
      await new Promise((resolve) => setTimeout(resolve));
    });
    now = arrays;
    const fitted = { loss, seconds: clock.seconds(), samplesPerSecond: clock.rate(1) };
    const judging = validating(options, hooks.onValidation);
    const judgement = await judge(engine, now, spec, dataset, dataset.split.validation, judging);
    const ended = endEpoch(judgement, limited, progress, fitted);
    progress = ended.progress;
    if (ended.isBest) best = now;
    hooks.onEpoch?.(ended.result, ended.judgement);
    await hooks.onCheckpoint?.({ progress, state: model.isIterative ? now : new Map(), best });
    if (hooks.signal?.aborted) break;
  }
  return { progress, best, interrupted: goesOn(progress, limited) };
}

function createClock(samples: number) {
  const start = performance.now();
  const seconds = () => (performance.now() - start) / 1000;
  return {
    seconds,
    rate: (share: number) => (samples * share) / seconds(),
  };
}
