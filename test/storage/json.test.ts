import { expect, test } from "vitest";
import { readJson } from "../../src/storage/json.ts";

const read = (text: string) => readJson(new TextEncoder().encode(text), "config.json");

test("JSON is read, with or without a byte order mark", () => {
  expect(read('{"a": [1, "ä"]}')).toEqual({ a: [1, "ä"] });
  expect(read("\ufeff3")).toBe(3);
});

test.each([
  { name: "empty", text: " \n", message: "config.json: not JSON: the file is empty" },
  { name: "cut", text: '{"a":', message: "config.json: not JSON: Unexpected end of JSON input" },
  { name: "lines", text: '{\n"a": x\n}', message: "config.json: not JSON: Unexpected token 'x'" },
])("$name: one line that names the file", ({ text, message }) => {
  expect(() => read(text)).toThrow(message);
  expect(() => read(text)).toThrow(/^[^\n]*$/);
});

test("bytes that are not UTF-8 are refused", () => {
  expect(() => readJson(Uint8Array.of(0x22, 0xe4, 0x22), "config.json")).toThrow(
    "config.json: not JSON: the file is not UTF-8 text",
  );
});
