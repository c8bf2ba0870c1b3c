import { createBatches } from "../data/batches.ts";
import { longestList } from "../data/listed-negatives.ts";
import type { NegativeSampler } from "../data/negatives.ts";
import type { HostArray } from "../graph/graph.ts";
import { createHostNodes } from "../graph/host-nodes.ts";
import type { Plan } from "../graph/plan.ts";
import { elementCount } from "../graph/shape.ts";
import type { TrainedSpec } from "../models/registry.ts";
import { type Dataset, profileInput, writeProfiles } from "./dataset.ts";
import type { TrainingOptions } from "./options.ts";

/** The part of a dataset that the steps of a training are made from. */
export type TrainingData = Omit<Dataset, "split"> & { readonly split: Pick<Dataset["split"], "train"> };

/** What a program is given in one step: its inputs by name, and what its host nodes compute from them. */
export interface StepArrays {
  readonly inputs: Readonly<Record<string, HostArray>>;
  readonly computed: readonly HostArray[];
}

/** All steps of a training, numbered through its epochs from 0. */
export interface Steps {
  readonly perEpoch: number;
  readonly sampleCount: number;
  /** Samples in step `step` of any epoch. */
  samplesIn(step: number): number;
  /** Bytes of the arrays of a step. */
  readonly bytes: number;
  /** The arrays of a step, one after another in `memory`, and what fills them again for step number `step`: with the same bits
   * whatever was filled before, so that training can resume. */
  within(memory: ArrayBufferLike): { readonly arrays: StepArrays; fill(step: number): void };
}

/** What a step is given, within the graph of `buildObjective`. */
export type StepValues = Pick<Plan, "inputs" | "hostNodes">;

/** The steps of a training whose graph, that of `buildObjective`, was planned as `plan` and draws from `sampler`. */
export function createSteps(
  plan: StepValues,
  sampler: NegativeSampler | undefined,
  { split, userFeatures }: TrainingData,
  spec: TrainedSpec,
  { batch, seed, negatives: most, negativeSampling }: TrainingOptions,
): Steps {
  const { length } = spec.options;
  const listed = negativeSampling === "listed" ? longestList(split.train, most) : undefined;
  const batches = createBatches(split.train, { batch, length, seed, listed });
  const hostNodes = createHostNodes(plan);
  const users = new Uint32Array(batch);
  const profileNames = (userFeatures?.fields ?? []).map(profileInput);
  const values = [...plan.inputs, ...hostNodes.values];
  return {
    perEpoch: batches.stepsPerEpoch,
    sampleCount: batches.sampleCount,
    samplesIn: batches.samplesIn,
    bytes: values.reduce((sum, { shape }) => sum + 4 * elementCount(shape), 0),
    within(memory) {
      let offset = 0;
      const all = values.map(({ type, shape }) => {
        const size = elementCount(shape);
        const array = type === "u32" ? new Uint32Array(memory, offset, size) : new Float32Array(memory, offset, size);
        offset += array.byteLength;
        return array;
      });
      const inputs = Object.fromEntries(plan.inputs.map(({ name }, i) => [name, all[i]!]));
      const computed = all.slice(plan.inputs.length);
      // A model need not use all that a batch holds.
      const ids = (name: string, size: number) => (inputs[name] ?? new Uint32Array(size)) as Uint32Array;
      const into = {
        history: ids("history", batch * length),
        lengths: ids("lengths", batch),
        times: inputs["times"] as Uint32Array | undefined,
        targets: ids("targets", batch),
        weights: (inputs["weights"] ?? new Float32Array(batch)) as Float32Array,
        users,
        negatives: ids("negatives", batch * (listed ?? 0)),
        count: 0,
      };
      const profiles = profileNames.map((name, i) => ids(name, batch * userFeatures!.fields[i]!.width));
      const number = ids("step", 1);
      return {
        arrays: { inputs, computed },
        fill(step) {
          batches.fill(Math.floor(step / batches.stepsPerEpoch), step % batches.stepsPerEpoch, into);
          if (userFeatures) writeProfiles(userFeatures, users, into.count, profiles);
          sampler?.draw(step, into.negatives);
          number[0] = step + 1;
          hostNodes.compute(inputs, computed);
        },
      };
    },
  };
}
