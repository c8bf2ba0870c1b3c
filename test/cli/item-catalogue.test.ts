import { expect, test } from "vitest";
import { createConsole, processIo } from "../../src/cli/io.ts";
import { readCatalogue } from "../../src/cli/item-catalogue.ts";
import { encodeFeatures } from "../../src/data/features.ts";
import { dataDefaults } from "../../src/training/model-folder-data.ts";

test("without a file, the features that a model was trained with are the categories, wherever they came from", async () => {
  const console = createConsole(processIo(), true);
  const itemIds = ["", "a", "b", "c"];
  const known = encodeFeatures([{ name: "genre", values: [["Drama"], ["Comedy", "Drama"], []] }], 3);
  const { categories, titles } = await readCatalogue({}, dataDefaults, itemIds, known, console);
  expect(categories?.names).toEqual(["Drama", "Comedy"]);
  expect(Array.from(categories!.values)).toEqual([0, 0, 1, 0, 2, 1, 0, 0]);
  expect(titles).toBe(itemIds);
  expect((await readCatalogue({}, dataDefaults, itemIds, undefined, console)).categories).toBeUndefined();
});
