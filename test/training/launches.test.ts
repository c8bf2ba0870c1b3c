import { expect, test } from "vitest";
import { plantedLog } from "../../src/data/planted.ts";
import { leaveOneOut } from "../../src/data/split.ts";
import { dispatchesOf, planFamilies } from "../../src/graph/families.ts";
import { modelSpec } from "../../src/models/registry.ts";
import { createDataset } from "../../src/training/dataset.ts";
import { buildObjective } from "../../src/training/objective.ts";
import type { TrainingOptions } from "../../src/training/options.ts";
import { mindPresets, type Preset, trainingOf } from "../../src/training/presets.ts";

const log = plantedLog({ users: 50, items: 10_000, topics: 30, seed: 1 });
const lists = { offsets: Uint32Array.from({ length: log.items.length + 1 }, (_, i) => i), items: log.items };
const dataset = createDataset(leaveOneOut({ ...log, negatives: lists }));

const common = { workgroupStorageBytes: 32_768, storageBuffers: 16, tableWindowBytes: 2 ** 27 };
const adapters = {
  lavapipe: { ...common, software: true, subgroupSize: 8 },
  SwiftShader: { ...common, software: true, subgroupSize: 4, workgroupStorageBytes: 16_384, storageBuffers: 12 },
  "a GPU": { ...common, software: false, subgroupSize: 32 },
};

/** The kernels of a full step of MIND, of the size that the README gives, in their order. */
function launchesOf(preset: Preset, adapter: keyof typeof adapters, more: Partial<TrainingOptions> = {}): string[] {
  const spec = modelSpec("mind", mindPresets[preset]);
  const options = { ...trainingOf(spec, preset), scoring: "best", ...more } as const;
  const { loss, updates } = buildObjective(spec, dataset, options);
  const plan = planFamilies({ outputs: { loss }, updates }, adapters[adapter]);
  const target = { ...adapters[adapter], isUsed: plan.isUsed };
  return plan.deviceNodes.flatMap((node) => dispatchesOf(node, target)).map(({ shader }) => shader.name);
}

test.each([
  ["paper", "lavapipe", 19],
  ["paper", "SwiftShader", 23],
  ["paper", "a GPU", 23],
  ["recommended", "lavapipe", 23],
  ["recommended", "SwiftShader", 28],
  ["recommended", "a GPU", 26],
] as const)("a training step of the %s preset on %s is at most %i launches", (preset, adapter, most) => {
  const launches = launchesOf(preset, adapter);
  expect(launches.length, launches.join(", ")).toBeLessThanOrEqual(most);
});

test.each([
  ["paper", "lavapipe", 18],
  ["recommended", "lavapipe", 22],
  ["recommended", "a GPU", 25],
] as const)("with own lists a step of the %s preset on %s is at most %i launches", (preset, adapter, most) => {
  const launches = launchesOf(preset, adapter, { negativeSampling: "listed" });
  expect(launches.length, launches.join(", ")).toBeLessThanOrEqual(most);
});
