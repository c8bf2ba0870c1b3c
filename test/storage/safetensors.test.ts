import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { PolymindError } from "../../src/errors.ts";
import { decodeSafetensors, encodeSafetensors, type Tensor } from "../../src/storage/safetensors.ts";

/** A file with the given header and number of data bytes. */
function file(header: unknown, dataBytes = 0): Uint8Array {
  const text = new TextEncoder().encode(typeof header === "string" ? header : JSON.stringify(header));
  const bytes = new Uint8Array(8 + text.length + dataBytes);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(text.length), true);
  bytes.set(text, 8);
  return bytes;
}

function joined(chunks: Uint8Array[]): Uint8Array {
  return Uint8Array.from(chunks.flatMap((chunk) => [...chunk]));
}

const f32 = (shape: unknown, ...offsets: unknown[]) => ({ dtype: "F32", shape, data_offsets: offsets });

describe("safetensors", () => {
  test("any tensors come back with the same bits, wherever the file lies in memory", () => {
    const shape = fc.array(fc.nat({ max: 3 }), { maxLength: 3 });
    const tensor = fc
      .tuple(
        shape,
        fc.constantFrom(Float32Array, Float64Array, Uint32Array, Uint16Array),
        fc.infiniteStream(fc.nat({ max: 0xffffffff })),
      )
      .map(([sizes, Elements, words]): Tensor => {
        const count = sizes.reduce((product, size) => product * size, 1);
        const bits = Uint32Array.from(words.take(Math.ceil((count * Elements.BYTES_PER_ELEMENT) / 4)));
        return { shape: sizes, data: new Elements(bits.buffer, 0, count) };
      });
    const names = fc
      .oneof(fc.string({ unit: "binary" }), fc.constantFrom("__proto__", "7", "routing.transform"))
      .filter((name) => name !== "__metadata__");
    const tensors = fc.uniqueArray(fc.tuple(names, tensor), { selector: ([name]) => name, maxLength: 5 });
    fc.assert(
      fc.property(tensors, fc.dictionary(fc.string(), fc.string()), fc.nat({ max: 4 }), (entries, metadata, shift) => {
        const bytes = joined(encodeSafetensors(new Map(entries), metadata));
        const moved = new Uint8Array(bytes.length + shift).subarray(shift);
        moved.set(bytes);
        const read = decodeSafetensors(moved, "x");
        expect({ ...read.metadata }).toEqual({ ...metadata });
        expect([...read.tensors.keys()].sort()).toEqual(entries.map(([name]) => name).sort());
        for (const [name, { shape, data }] of entries) {
          const got = read.tensors.get(name)!;
          expect(got.shape).toEqual(shape);
          expect(got.data.constructor).toBe(data.constructor);
          expect(words(got.data)).toEqual(words(data));
        }
      }),
    );
  });

  test("a Node Buffer at an odd address is read", () => {
    const bytes = joined(encodeSafetensors(new Map([["a", { shape: [2], data: Float32Array.of(1.5, -2) }]])));
    const buffer = Buffer.alloc(bytes.length + 1).subarray(1);
    buffer.set(bytes);
    expect([...decodeSafetensors(buffer, "x").tensors.get("a")!.data]).toEqual([1.5, -2]);
  });

  test("a file that Python's safetensors 0.8 wrote is read", () => {
    const base64 =
      "kAAAAAAAAAB7Il9fbWV0YWRhdGFfXyI6eyJrIjoidiJ9LCJhIjp7ImR0eXBlIjoiRjMyIiwic2hhcGUiOlsyLDNdLCJkYXRhX29mZnNldHMiOlsw" +
      "LDI0XX0sImIiOnsiZHR5cGUiOiJVMzIiLCJzaGFwZSI6WzJdLCJkYXRhX29mZnNldHMiOlsyNCwzMl19fSAgICAgICAAAAAAAACAPwAAAEAAAEBA" +
      "AACAQAAAoEAHAAAACAAAAA==";
    const { tensors, metadata } = decodeSafetensors(Buffer.from(base64, "base64"), "x");
    expect(metadata).toEqual({ k: "v" });
    expect([...tensors]).toEqual([
      ["a", { shape: [2, 3], data: Float32Array.of(0, 1, 2, 3, 4, 5) }],
      ["b", { shape: [2], data: Uint32Array.of(7, 8) }],
    ]);
  });

  test("halves come after all else, whose data stay aligned", () => {
    const tensors = new Map<string, Tensor>([
      ["halves", { shape: [3], data: Uint16Array.of(0x3c00, 0xc000, 1) }],
      ["floats", { shape: [1], data: Float32Array.of(2) }],
    ]);
    const { tensors: read } = decodeSafetensors(joined(encodeSafetensors(tensors)), "x");
    expect([...read.keys()]).toEqual(["floats", "halves"]);
    expect(read.get("halves")).toEqual(tensors.get("halves"));
  });

  test("the data start at a multiple of 8 and are not copied", () => {
    const data = Float32Array.of(1, 2, 3);
    const [header, values] = encodeSafetensors(new Map([["a", { shape: [2], data: data.subarray(1, 3) }]]));
    expect(header!.length % 8).toBe(0);
    expect(values!.buffer).toBe(data.buffer);
    expect([values!.byteOffset, values!.byteLength]).toEqual([4, 8]);
  });

  const whole = file({ a: f32([2], 0, 8) }, 8);
  // biome-ignore format: a case a line
  const corrupt: { name: string; bytes: Uint8Array; message: string }[] = [
    { name: "empty", bytes: new Uint8Array(), message: "m.st: truncated: 0 bytes, a safetensors file has at least 8" },
    { name: "cut in the header", bytes: whole.subarray(0, 20), message: "m.st: truncated: the header ends at byte 62, the file at byte 20" },
    { name: "cut in the data", bytes: whole.subarray(0, -1), message: "m.st: tensor a ends at byte 8 of the data, but there are only 7: truncated?" },
    { name: "another format", bytes: new TextEncoder().encode("PK345678901234567890"), message: "m.st: not a safetensors file: it claims a header of 4050765991979993936 bytes" },
    { name: "no JSON", bytes: file("{a:1}"), message: "m.st (safetensors header): not JSON: Expected property name or '}' in JSON at position 1" },
    { name: "no UTF-8", bytes: Uint8Array.of(1, 0, 0, 0, 0, 0, 0, 0, 0xff), message: "m.st (safetensors header): not JSON: the file is not UTF-8 text" },
    { name: "no object", bytes: file([]), message: "m.st: the safetensors header must be a JSON object" },
    { name: "metadata that are no strings", bytes: file({ __metadata__: { a: 1 } }), message: "m.st: __metadata__ of the safetensors header must map names to strings" },
    { name: "an entry that is no object", bytes: file({ a: 3 }), message: "m.st: tensor a must be described by a JSON object" },
    { name: "an unknown type", bytes: file({ a: { ...f32([1], 0, 2), dtype: "BF16" } }, 2), message: 'm.st: tensor a has the type "BF16"; known are F32, F64, U32, F16' },
    { name: "halves of another size", bytes: file({ a: { ...f32([3], 0, 8), dtype: "F16" } }, 8), message: "m.st: tensor a of shape [3] needs 6 bytes, its offsets give 8" },
    { name: "no shape", bytes: file({ a: f32(null, 0, 4) }, 4), message: "m.st: tensor a has no valid shape: null" },
    { name: "a negative size", bytes: file({ a: f32([-1], 0, 4) }, 4), message: "m.st: tensor a has no valid shape: [-1]" },
    { name: "one offset", bytes: file({ a: f32([1], 0) }, 4), message: "m.st: tensor a has no valid offsets: [0]" },
    { name: "a broken offset", bytes: file({ a: f32([1], 0.5, 4) }, 4), message: "m.st: tensor a has no valid offsets: [0.5,4]" },
    { name: "offsets turned round", bytes: file({ a: f32([1], 4, 0) }, 4), message: "m.st: tensor a ends (byte 0) before it begins (byte 4)" },
    { name: "offsets out of range", bytes: file({ a: f32([2], 4, 12) }, 8), message: "m.st: tensor a ends at byte 12 of the data, but there are only 8: truncated?" },
    { name: "shape and size that differ", bytes: file({ a: f32([3], 0, 8) }, 8), message: "m.st: tensor a of shape [3] needs 12 bytes, its offsets give 8" },
    { name: "a shape beyond all memory", bytes: file({ a: f32([9007199254740991, 8], 0, 8) }, 8), message: "m.st: tensor a of shape [9007199254740991, 8] needs 288230376151711700 bytes, its offsets give 8" },
    { name: "overlap", bytes: file({ a: f32([2], 0, 8), b: f32([1], 4, 8) }, 8), message: "m.st: tensor b overlaps the tensor before it (byte 4 of the data)" },
    { name: "a hole", bytes: file({ a: f32([1], 0, 4), b: f32([1], 8, 12) }, 12), message: "m.st: bytes 4 to 8 of the data belong to no tensor" },
    { name: "a rest", bytes: file({ a: f32([1], 0, 4) }, 12), message: "m.st: the last 8 bytes of the data belong to no tensor" },
  ];
  test.each(corrupt)("$name: a clear error", ({ bytes, message }) => {
    expect(errorOf(() => decodeSafetensors(bytes, "m.st"))).toContain(message);
  });

  test("what cannot be a file is refused when it is written", () => {
    const data = Float32Array.of(1, 2);
    const encode = (name: string, shape: number[]) => () => encodeSafetensors(new Map([[name, { shape, data }]]));
    expect(errorOf(encode("a", [3]))).toBe("tensor a of shape [3] needs 3 values, got 2");
    expect(errorOf(encode("__metadata__", [2]))).toContain("cannot be called __metadata__");
  });
});

function words({ buffer, byteOffset, byteLength }: Tensor["data"]): number[] {
  return [...new Uint8Array(buffer, byteOffset, byteLength)];
}

/** The message of the PolymindError that `action` throws, which must be one line. */
function errorOf(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    expect(error).toBeInstanceOf(PolymindError);
    const { message } = error as Error;
    expect(message).not.toContain("\n");
    return message;
  }
  throw new Error("no error was thrown");
}
