import { expect, test } from "vitest";
import { toHalves } from "../../src/reference/half.ts";
import { decodeNpy } from "../../src/storage/npy.ts";
import { encodeNpy } from "./npy-file.ts";

const values = [1, -2.5, 0.25, 4, 0, 1024];

test.each([
  ["<f4", Float32Array.from(values)],
  ["<f8", Float64Array.from(values)],
  ["<f2", toHalves(values)],
])("reads a matrix of %s", (type, data) => {
  const array = decodeNpy(encodeNpy(type, [2, 3], data), "a.npy");
  expect([array.shape, [...array.data]]).toEqual([[2, 3], values]);
});

test("reads the longer header of version 2, data at any byte", () => {
  const [first, data] = [encodeNpy("<f4", [2], Float32Array.of(1, 2)), Float32Array.of(1, 2)];
  const header = first.subarray(10, first.length - data.byteLength);
  const start = Buffer.from([0x93, ...Buffer.from("NUMPY"), 2, 0, 0, 0, 0, 0]);
  start.writeUInt32LE(header.length, 8);
  const whole = Buffer.concat([Buffer.of(0), start, header, Buffer.from(data.buffer)]);
  expect([...decodeNpy(whole.subarray(1), "a.npy").data]).toEqual([1, 2]);
});

const two = Float32Array.of(1, 2);
test.each([
  ["another file", Buffer.from("PK\u0003\u0004 and so on ..."), "a.npy: not a .npy file"],
  ["a truncated header", encodeNpy("<f4", [2], two).subarray(0, 40), "a.npy: truncated: the header ends at byte 128"],
  ["truncated data", encodeNpy("<f4", [3], two), "a.npy: shape (3) of <f4 needs 12 bytes of data, got 8"],
  ["whole numbers", encodeNpy("<i8", [1], two), "a.npy: numbers of type <i8; known are <f2, <f4, <f8"],
  ["columns first", encodeNpy("<f4", [2, 1], two, "True"), "a.npy: columns lie one after another"],
  ["records", encodeNpy("<f4", [2], two).map((byte, i) => (i === 12 ? 0x65 : byte)), "a.npy: its header is not"],
])("refuses %s", (_, bytes, message) => {
  expect(() => decodeNpy(bytes, "a.npy")).toThrow(message);
});
