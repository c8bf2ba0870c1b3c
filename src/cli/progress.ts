import { SingleBar } from "cli-progress";
import type { TuneOptions } from "../device/tuner.ts";
import { createTicker } from "../ticker.ts";
import type { EpochResult, StepReport, TrainingHooks } from "../training/progress.ts";
import type { Console } from "./io.ts";
import { showMetric } from "./metrics-table.ts";

/** Where there is no terminal: seconds between two lines. */
const secondsBetweenLines = 10;

/** Shows a training: a bar on a terminal, else a line now and then, and a line for the validation of each epoch. */
export interface TrainingProgressView
  extends Required<Pick<TrainingHooks, "onPretraining" | "onStep" | "onValidation" | "onEpoch">> {
  /** Takes the bar away. */
  stop(): void;
}

export function showTraining(console: Console, epochs: number, label = ""): TrainingProgressView {
  const steps = console.terminal ? stepBar(console.terminal, epochs, label) : stepLines(console, epochs, label);
  const fitting = showFitting(console, label);
  let validated = showCounts(console, "validation users judged", label);
  let best = -1;
  return {
    onPretraining: fitting.report,
    onStep: steps.report,
    onValidation(done, total) {
      steps.stop();
      if (done === 0) validated = showCounts(console, "validation users judged", label);
      validated(done, total);
    },
    onEpoch(result) {
      steps.stop();
      const hitRate = result.validation.find(({ at }) => at === 50)?.hitRate ?? 0;
      console.note(describeEpoch(result, epochs, label) + (hitRate > best ? ", best so far" : ""));
      best = Math.max(best, hitRate);
    },
    stop() {
      fitting.stop();
      steps.stop();
    },
  };
}

/** Shows how the vectors are fitted that item embeddings begin with and how long it took, or that they are there already. */
export function showFitting({ terminal, note }: Console, label: string) {
  const started = performance.now();
  const isTime = createTicker(secondsBetweenLines);
  const bar =
    terminal && createBar(terminal, `${label}fitting item vectors [{bar}] {percentage}% | ETA {eta_formatted}`);
  const stop = () => bar?.stop();
  return {
    report(done: number, total: number, isShared: boolean) {
      if (isShared) {
        note(`${label}item embeddings begin with vectors of wals that were fitted before`);
      } else if (done === total) {
        stop();
        const seconds = (performance.now() - started) / 1000;
        note(`${label}item embeddings begin with vectors of wals, fitted in ${seconds.toFixed(1)} s`);
      } else if (bar) bar.show(done, total);
      else if (isTime()) note(`${label}fitting item vectors, ${Math.floor((100 * done) / total)} %`);
    },
    stop,
  };
}

function stepBar(stream: NodeJS.WriteStream, epochs: number, label: string) {
  const bar = createBar(stream, "{title} [{bar}] {percentage}% | {rates} | ETA {eta_formatted}");
  return {
    report({ epoch, step, stepsPerEpoch, ...report }: StepReport) {
      bar.show(step, stepsPerEpoch, { title: `${label}epoch ${epoch + 1}/${epochs}`, rates: describeRates(report) });
    },
    stop: bar.stop,
  };
}

function stepLines({ note }: Console, epochs: number, label: string) {
  const isTime = createTicker(secondsBetweenLines);
  return {
    report({ epoch, step, stepsPerEpoch, ...report }: StepReport) {
      if (isTime())
        note(`${label}epoch ${epoch + 1}/${epochs}, step ${step}/${stepsPerEpoch}: ${describeRates(report)}`);
    },
    stop() {},
  };
}

function describeEpoch(result: EpochResult, epochs: number, label: string): string {
  const { epoch, seconds, validation } = result;
  const hitRates = validation.map(({ at, hitRate }) => `HitRate@${at} ${showMetric(hitRate)}`).join(", ");
  return `${label}epoch ${epoch + 1}/${epochs}: ${describeRates(result)}, ${seconds.toFixed(1)} s; validation ${hitRates}`;
}

/** The loss comes first, where there is one. */
function describeRates({ loss, samplesPerSecond }: Pick<StepReport, "loss" | "samplesPerSecond">): string {
  const rate = `${showCount(samplesPerSecond)} samples/s`;
  return loss === null ? rate : `loss ${loss.toFixed(4)}, ${rate}`;
}

const showCount = (count: number): string => Math.round(count).toLocaleString("en-US");

/** Shows a tuning: a bar on a terminal, else a line now and then. */
export function showOps({ terminal, note }: Console): Required<Pick<TuneOptions, "onOp">> & { stop(): void } {
  const bar = terminal && createBar(terminal, "tuning [{bar}] {value}/{total} ops | {op}");
  const isTime = createTicker(secondsBetweenLines);
  return {
    onOp({ op, shapes }, done, total) {
      if (bar) bar.show(done, total, { op });
      else if (isTime()) note(`tuned ${done} of ${total} ops, the last ${op} ${shapes}`);
    },
    stop: () => bar?.stop(),
  };
}

/** Says now and then how many of something are done, and how fast. */
export function showCounts({ note }: Console, what: string, label = ""): (done: number, total: number) => void {
  const started = performance.now();
  const isTime = createTicker(secondsBetweenLines);
  return (done, total) => {
    if (!isTime()) return;
    const rate = (1000 * done) / (performance.now() - started);
    note(`${label}${showCount(done)} of ${showCount(total)} ${what}, ${showCount(rate)} a second`);
  };
}

/** A bar that is there from when it is first shown until it is stopped, and again from then. */
function createBar(stream: NodeJS.WriteStream, format: string) {
  let bar: SingleBar | undefined;
  return {
    show(done: number, total: number, payload?: Readonly<Record<string, string>>) {
      if (bar === undefined) {
        bar = new SingleBar({
          format,
          stream,
          clearOnComplete: true,
          hideCursor: true,
          barsize: 30,
          barCompleteChar: "=",
          barIncompleteChar: " ",
        });
        bar.start(total, done, payload);
      } else bar.update(done, payload);
    },
    stop() {
      bar?.stop();
      bar = undefined;
    },
  };
}
