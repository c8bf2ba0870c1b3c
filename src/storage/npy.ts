import { fail } from "../errors.ts";
import { fromHalves } from "../reference/half.ts";

/** An array of NumPy, row-major. */
export interface NpyArray {
  readonly shape: readonly number[];
  readonly data: Float32Array | Float64Array;
}

/** The types that are read, as the header calls them; all little-endian, as NumPy writes on every common machine. */
const decoders: Readonly<Record<string, { readonly size: number; decode(bytes: ArrayBuffer): NpyArray["data"] }>> = {
  "<f2": { size: 2, decode: (bytes) => fromHalves(new Uint16Array(bytes)) },
  "<f4": { size: 4, decode: (bytes) => new Float32Array(bytes) },
  "<f8": { size: 8, decode: (bytes) => new Float64Array(bytes) },
};

/**
 * Decodes a `.npy` file (https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html): a magic word, the version, the
 * header's length, the header, a Python dictionary, and the data. `name` is the file, for the errors.
 */
export function decodeNpy(bytes: Uint8Array, name: string): NpyArray {
  const magic = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59];
  if (bytes.length < 12 || magic.some((byte, i) => bytes[i] !== byte))
    fail(`${name}: not a .npy file: it does not begin as those do; write one with numpy.save`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const isFirstVersion = bytes[6] === 1;
  const begin = isFirstVersion ? 10 : 12;
  const end = begin + (isFirstVersion ? view.getUint16(8, true) : view.getUint32(8, true));
  if (end > bytes.length) fail(`${name}: truncated: the header ends at byte ${end}, the file at byte ${bytes.length}`);
  const { type, shape } = parseHeader(new TextDecoder().decode(bytes.subarray(begin, end)), name);
  const decoder = decoders[type];
  if (decoder === undefined) {
    return fail(
      `${name}: numbers of type ${type}; known are ${Object.keys(decoders).join(", ")}: convert with .astype("<f4")`,
    );
  }
  const needed = decoder.size * shape.reduce((count, size) => count * size, 1);
  if (bytes.length - end !== needed) {
    fail(`${name}: shape (${shape.join(", ")}) of ${type} needs ${needed} bytes of data, got ${bytes.length - end}`);
  }
  // A copy, as the data may begin anywhere.
  return { shape, data: decoder.decode(new Uint8Array(bytes.subarray(end)).buffer) };
}

function parseHeader(header: string, name: string): { type: string; shape: number[] } {
  const type = /'descr':\s*'([^']+)'/.exec(header)?.[1];
  const order = /'fortran_order':\s*(True|False)/.exec(header)?.[1];
  const sizes = /'shape':\s*\(([\d,\s]*)\)/.exec(header)?.[1];
  if (type === undefined || order === undefined || sizes === undefined)
    return fail(`${name}: its header is not that of an array of numbers: ${header.trim()}`);
  if (order === "True") fail(`${name}: columns lie one after another; write it with numpy.ascontiguousarray`);
  const shape = sizes.split(",").filter((size) => size.trim() !== "");
  return { type, shape: shape.map(Number) };
}

/** How NumPy calls the types that are written, little-endian. */
const typeNames = { f32: "<f4", u32: "<u4" } as const;

/** The header of a `.npy` file, version 1.0, padded so that the numbers, which follow row by row, start at a multiple of 64. */
export function npyHeader(type: keyof typeof typeNames, shape: readonly number[]): Uint8Array {
  const sizes = shape.length === 1 ? `${shape[0]},` : shape.join(", ");
  const dictionary = `{'descr': '${typeNames[type]}', 'fortran_order': False, 'shape': (${sizes}), }`;
  const length = Math.ceil((10 + dictionary.length + 1) / 64) * 64;
  const header = new TextEncoder().encode(`\x00NUMPY\x01\x00..${dictionary.padEnd(length - 11)}\n`);
  header[0] = 0x93;
  new DataView(header.buffer).setUint16(8, length - 10, true);
  return header;
}
