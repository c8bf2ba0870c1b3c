import { SingleBar } from "cli-progress";
import type { TuneOptions } from "../device/tuner.ts";
import type { EpochResult, StepReport, TrainingHooks } from "../training/progress.ts";
import type { Console } from "./io.ts";
import { showMetric } from "./metrics-table.ts";

/** Where there is no terminal: seconds between two lines. */
const secondsBetweenLines = 10;

/** Shows a training: a bar on a terminal, else a line now and then, and a line for the validation of each epoch. */
export interface TrainingProgressView extends Required<Pick<TrainingHooks, "onPretraining" | "onStep" | "onEpoch">> {
  /** Takes the bar away. */
  stop(): void;
}

export function showTraining(console: Console, epochs: number, label = ""): TrainingProgressView {
  const steps = console.terminal ? stepBar(console.terminal, epochs, label) : stepLines(console, epochs, label);
  const fitting = showFitting(console, label);
  let best = -1;
  return {
    onPretraining: fitting.report,
    onStep: steps.report,
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

/** Shows how the vectors are fitted that item embeddings begin with, and how long it took. */
function showFitting({ terminal, note }: Console, label: string) {
  const started = performance.now();
  let lastLine = started;
  let bar: SingleBar | undefined;
  const stop = () => {
    bar?.stop();
    bar = undefined;
  };
  return {
    report(done: number, total: number) {
      const now = performance.now();
      if (done === total) {
        stop();
        note(`${label}item embeddings begin with vectors of wals, fitted in ${((now - started) / 1000).toFixed(1)} s`);
      } else if (terminal) {
        if (bar === undefined) {
          bar = createBar(terminal, `${label}fitting item vectors [{bar}] {percentage}% | ETA {eta_formatted}`);
          bar.start(total, done);
        } else {
          bar.update(done);
        }
      } else if (now - lastLine >= 1000 * secondsBetweenLines) {
        lastLine = now;
        note(`${label}fitting item vectors, ${Math.floor((100 * done) / total)} %`);
      }
    },
    stop,
  };
}

function stepBar(stream: NodeJS.WriteStream, epochs: number, label: string) {
  let bar: SingleBar | undefined;
  return {
    report({ epoch, step, stepsPerEpoch, ...report }: StepReport) {
      const title = `${label}epoch ${epoch + 1}/${epochs}`;
      const payload = { title, rates: describeRates(report) };
      if (bar === undefined) {
        const format = "{title} [{bar}] {percentage}% | {rates} | ETA {eta_formatted}";
        bar = createBar(stream, format);
        bar.start(stepsPerEpoch, step, payload);
      } else {
        bar.update(step, payload);
      }
    },
    stop() {
      bar?.stop();
      bar = undefined;
    },
  };
}

function stepLines({ note }: Console, epochs: number, label: string) {
  let lastLine = performance.now();
  return {
    report({ epoch, step, stepsPerEpoch, ...report }: StepReport) {
      if (performance.now() - lastLine < 1000 * secondsBetweenLines) return;
      lastLine = performance.now();
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
export function showOps(console: Console): Required<Pick<TuneOptions, "onOp">> & { stop(): void } {
  let bar: SingleBar | undefined;
  let lastLine = performance.now();
  return {
    onOp({ op, shapes }, done, total) {
      if (console.terminal) {
        if (bar === undefined) {
          bar = createBar(console.terminal, "tuning [{bar}] {value}/{total} ops | {op}");
          bar.start(total, done, { op });
        } else {
          bar.update(done, { op });
        }
      } else if (performance.now() - lastLine >= 1000 * secondsBetweenLines) {
        lastLine = performance.now();
        console.note(`tuned ${done} of ${total} ops, the last ${op} ${shapes}`);
      }
    },
    stop() {
      bar?.stop();
    },
  };
}

/** Says now and then how many of something are done, and how fast. */
export function showCounts({ note }: Console, what: string): (done: number, total: number) => void {
  const started = performance.now();
  let lastLine = started;
  return (done, total) => {
    const now = performance.now();
    if (now - lastLine < 1000 * secondsBetweenLines) return;
    lastLine = now;
    note(`${showCount(done)} of ${showCount(total)} ${what}, ${showCount((1000 * done) / (now - started))} a second`);
  };
}

function createBar(stream: NodeJS.WriteStream, format: string): SingleBar {
  return new SingleBar({
    format,
    stream,
    clearOnComplete: true,
    hideCursor: true,
    barsize: 30,
    barCompleteChar: "=",
    barIncompleteChar: " ",
  });
}
