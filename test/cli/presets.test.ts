import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { contestants } from "../../src/cli/contestants.ts";
import { newJob } from "../../src/cli/training-job.ts";
import { trainingDefaults } from "../../src/training/options.ts";
import { polymind, temporaryFolder, writeLog } from "./command-line.ts";

const small = ["--dimension", "8", "--length", "10", "--hidden-layers", "none", "--negatives", "10", "--epochs", "1"];

async function trained(more: readonly string[]) {
  const folder = await temporaryFolder();
  const model = join(folder, "model");
  const train = ["train", "--interactions", await writeLog(folder), ...small, "--adapter", "cpu", "--out", model];
  const { errors } = await polymind([...train, ...more]);
  if (errors.length > 0) return { errors };
  const { model: spec, training } = JSON.parse(await readFile(join(model, "config.json"), "utf8"));
  return { ...spec.options, ...training };
}

test("mind is trained as was measured best, and as the paper says with one switch", async () => {
  expect(await trained([])).toMatchObject({ recentBehaviours: 20, scoring: "best", interestDecorrelation: 0.3 });
  const paper = { recentBehaviours: 0, positions: "none", scoring: "chosen", interestDecorrelation: 0 };
  expect(await trained(["--preset", "paper"])).toMatchObject(paper);
});

test("what is given wins over a preset", async () => {
  const given = ["--preset", "paper", "--recent-behaviours", "3", "--scoring", "best"];
  expect(await trained(given)).toMatchObject({ recentBehaviours: 3, scoring: "best", interestDecorrelation: 0 });
});

test("a training goes on with what it was begun with, not with a preset", async () => {
  const folder = await temporaryFolder();
  const model = join(folder, "model");
  const train = ["train", "--adapter", "cpu", "--preset", "paper", "--out", model];
  expect((await polymind([...train, "--interactions", await writeLog(folder), ...small])).errors).toEqual([]);
  expect((await polymind([...train, "--resume"])).errors).toEqual([
    `error: ${model} goes on with the options that it was begun with; leave out --preset paper`,
  ]);
});

test("mind is compared with the paper's under a label", () => {
  const [mind, paper] = contestants(["mind", "paper=mind"], { interactions: "log.csv" }, ["paper.preset=paper"]).map(
    ({ options }) => newJob(options),
  );
  expect([mind!.spec.options, paper!.spec.options]).toMatchObject([{ recentBehaviours: 20 }, { recentBehaviours: 0 }]);
  expect([mind!.training.scoring, paper!.training.scoring]).toEqual(["best", "chosen"]);
});

test("a single interest is not kept apart from others", async () => {
  expect(await trained(["--interests", "1"])).toMatchObject({ interests: 1, interestDecorrelation: 0 });
});

test("a model without presets says so", async () => {
  expect(await trained(["--preset", "paper", "--model-name", "youtube-dnn"])).toEqual({
    errors: ["error: --preset paper: youtube-dnn has no presets; leave it out or use --model-name mind"],
  });
});

const trainingOf = (options: Parameters<typeof newJob>[0]) => newJob({ interactions: "log.csv", ...options }).training;

test("remi trains with what its paper adds, and what is given wins", () => {
  const remi = { ...trainingDefaults, hardNegativesBeta: 1, routingRegularisation: 12_800 };
  expect(trainingOf({ modelName: "remi" })).toEqual(remi);
  expect(trainingOf({ modelName: "remi", hardNegativesBeta: 0 })).toEqual({ ...remi, hardNegativesBeta: 0 });
});

test("the other models are trained with the defaults", () => {
  expect(trainingOf({ modelName: "youtube-dnn" })).toEqual(trainingDefaults);
  expect(trainingOf({ modelName: "comirec-sa", hardNegativesBeta: 2 })).toEqual({
    ...trainingDefaults,
    hardNegativesBeta: 2,
  });
});

test("options of which no step can be made are refused before a log is read", () => {
  expect(() => trainingOf({ interestDecorrelation: 1, interests: 1 })).toThrow(
    "expected a model with several interests",
  );
  expect(() => trainingOf({ routingRegularisation: 1 })).toThrow("use --routing-gradient all");
  expect(() => trainingOf({ hardNegativesBeta: 1, loss: "full" })).toThrow("expected sampled loss");
});
