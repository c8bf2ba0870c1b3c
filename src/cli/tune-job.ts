import { concatenateLists } from "../data/sequences.ts";
import { leaveOneOut } from "../data/split.ts";
import { fail } from "../errors.ts";
import { isFitted, type ModelSpec, type TrainedSpec } from "../models/registry.ts";
import { randomStream } from "../reference/random.ts";
import { createDataset, type Dataset } from "../training/dataset.ts";
import { type TrainingOptions, trainingDefaults } from "../training/options.ts";
import { trainingOf } from "../training/presets.ts";
import type { Console } from "./io.ts";
import { givenModel, modelSchema, trainingSchema } from "./model-options.ts";
import { flagOf, within } from "./options.ts";
import { newJob } from "./training-job.ts";
import { type TuneCommandOptions, tuneDefaults } from "./tune-options.ts";

/** The training whose step is tuned. */
export interface TuneJob {
  readonly spec: TrainedSpec;
  readonly training: TrainingOptions;
  readonly dataset: Dataset;
}

/** Checks the options before anything that takes long, and returns what reads or makes the log. */
export function tuneJob(options: TuneCommandOptions): (console: Console) => Promise<TuneJob> {
  if ((options.interactions === undefined) === (options.shape === undefined)) {
    fail("tune for what? Give either the log, --interactions FILE, or --shape B,L,d,K");
  }
  if (options.shape === undefined) {
    if (options.items !== undefined) fail("--items: the log says how many there are; leave it out, or use --shape");
    const job = newJob(options);
    const spec = withKernels(job.spec);
    return async (console) => {
      const { source, dataset } = await job.prepare(console);
      return { spec, training: source.training, dataset };
    };
  }
  const [batch, length, dimension, interests] = options.shape as [number, number, number, number?];
  const shape = { batch, length, dimension, ...(interests !== undefined && { interests }) };
  for (const key of Object.keys(shape)) {
    if (key in options) fail(`${flagOf(key)}: --shape says it, too; leave one out`);
  }
  const given = { ...options, ...shape };
  const spec = withKernels(givenModel(within(given, modelSchema), options.seed ?? trainingDefaults.seed));
  const training = { ...trainingOf(spec, options.preset), ...within(given, trainingSchema) };
  const dataset = () => randomDataset(batch, length, options.items ?? tuneDefaults.items, training.seed);
  return async () => ({ spec, training, dataset: dataset() });
}

function withKernels(spec: ModelSpec): TrainedSpec {
  return isFitted(spec) ? fail(`--model-name ${spec.name}: it is fitted on the CPU and has no kernels to tune`) : spec;
}

/** Users with random items: a full batch of samples with histories of every length up to `length` and beyond it. */
function randomDataset(batch: number, length: number, itemCount: number, seed: number): Dataset {
  const perUser = 2 * length + 2;
  const stream = randomStream(seed);
  const users = Math.max(1, Math.ceil(batch / (perUser - 3)));
  const lists = Array.from({ length: users }, (_, user) =>
    Array.from({ length: perUser }, (_, place) => 1 + stream.below(itemCount, user * perUser + place)),
  );
  return createDataset(leaveOneOut({ userCount: users, itemCount, ...concatenateLists(lists) }));
}
