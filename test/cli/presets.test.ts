import { expect, test } from "vitest";
import { newJob } from "../../src/cli/training-job.ts";
import { trainingDefaults } from "../../src/training/options.ts";

const trainingOf = (options: Parameters<typeof newJob>[0]) => newJob({ interactions: "log.csv", ...options }).training;

test("remi trains with what its paper adds, and what is given wins", () => {
  const remi = { ...trainingDefaults, hardNegativesBeta: 1, routingRegularisation: 12_800 };
  expect(trainingOf({ modelName: "remi" })).toEqual(remi);
  expect(trainingOf({ modelName: "remi", hardNegativesBeta: 0 })).toEqual({ ...remi, hardNegativesBeta: 0 });
});

test("the other models are trained with the defaults", () => {
  expect(trainingOf({})).toEqual(trainingDefaults);
  expect(trainingOf({ modelName: "comirec-sa", hardNegativesBeta: 10 })).toEqual({
    ...trainingDefaults,
    hardNegativesBeta: 10,
  });
});
