import { expect, test } from "vitest";
import { z } from "zod";
import { readOptions } from "../../src/cli/options.ts";

const schema = {
  names: z.array(z.string()).min(1),
  maybeNames: z.array(z.string()).min(1).optional(),
  widths: z.array(z.number()),
  share: z.number().optional(),
  name: z.string().optional(),
};

test.each([
  { flag: "names", text: "user, item", want: ["user", "item"] },
  { flag: "maybeNames", text: "user,item", want: ["user", "item"] },
  { flag: "widths", text: "256,128", want: [256, 128] },
  { flag: "widths", text: "none", want: [] },
  { flag: "share", text: "0.1", want: 0.1 },
  { flag: "name", text: "12", want: "12" },
])("the flag $flag takes $text", async ({ flag, text, want }) => {
  expect(await readOptions(schema, { [flag]: text })).toEqual({ [flag]: want });
});
