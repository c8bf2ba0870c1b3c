import { fail } from "../errors.ts";
import { isRecord, readJson } from "./json.ts";

/** Values with their shape, row-major; `[]` is the shape of a single number. 16-bit words are the bits of halves. */
export interface Tensor {
  shape: readonly number[];
  data: Float32Array | Float64Array | Uint32Array | Uint16Array;
}

/** What a safetensors file holds. */
export interface Safetensors {
  tensors: Map<string, Tensor>;
  metadata: Record<string, string>;
}

const metadataKey = "__metadata__";

/** The types of the format that are read and written. */
const arrayOf = { F32: Float32Array, F64: Float64Array, U32: Uint32Array, F16: Uint16Array } as const;
type DataType = keyof typeof arrayOf;
const typeNames = Object.keys(arrayOf) as DataType[];
const isKnownType = (value: unknown): value is DataType => typeNames.includes(value as DataType);

/** The limit of the reference implementation, so that its readers accept what ours does. */
const maximumHeaderBytes = 100_000_000;

/**
 * Encodes tensors in the safetensors format (https://github.com/huggingface/safetensors): the header's length as 8 bytes, the
 * header (JSON, padded with spaces so that the data start at a multiple of 8), the data in the order of the map, wider numbers
 * first so that all are aligned. Everything is little-endian. The chunks are to be written one after another; those of the data are views
 * of the tensors, not copies.
 */
export function encodeSafetensors(
  tensors: ReadonlyMap<string, Tensor>,
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array[] {
  const entries: [string, unknown][] = Object.keys(metadata).length === 0 ? [] : [[metadataKey, metadata]];
  const data: Uint8Array[] = [];
  let offset = 0;
  const bySize = [...tensors].sort(([, a], [, b]) => b.data.BYTES_PER_ELEMENT - a.data.BYTES_PER_ELEMENT);
  for (const [name, tensor] of bySize) {
    if (name === metadataKey) fail(`a tensor cannot be called ${metadataKey}: safetensors keeps that name for itself`);
    const elements = elementCount(tensor.shape);
    if (elements !== tensor.data.length) {
      fail(`tensor ${name} of shape [${tensor.shape.join(", ")}] needs ${elements} values, got ${tensor.data.length}`);
    }
    const end = offset + tensor.data.byteLength;
    const dtype = typeNames.find((type) => tensor.data instanceof arrayOf[type]);
    entries.push([name, { dtype, shape: tensor.shape, data_offsets: [offset, end] }]);
    data.push(new Uint8Array(tensor.data.buffer, tensor.data.byteOffset, tensor.data.byteLength));
    offset = end;
  }
  const json = new TextEncoder().encode(JSON.stringify(Object.fromEntries(entries)));
  const length = Math.ceil(json.length / 8) * 8;
  if (length > maximumHeaderBytes) fail(`${tensors.size} tensors need a header of ${length} bytes, above 100 million`);
  const header = new Uint8Array(8 + length).fill(0x20);
  new DataView(header.buffer).setBigUint64(0, BigInt(length), true);
  header.set(json, 8);
  return [header, ...data];
}

/**
 * Decodes a safetensors file of F32, F64, U32 and F16 tensors, in the order of their data. `name` is the file, for the errors. The
 * data are views of `bytes` where these are aligned to the size of an element, else copies.
 */
export function decodeSafetensors(bytes: Uint8Array, name: string): Safetensors {
  const { header, dataStart } = decodeHeader(bytes, name);
  const dataBytes = bytes.byteLength - dataStart;
  const { [metadataKey]: metadata = {}, ...described } = header;
  if (!isStringRecord(metadata)) fail(`${name}: ${metadataKey} of the safetensors header must map names to strings`);
  const entries = Object.entries(described)
    .map(([tensor, entry]) => checkEntry(entry, `${name}: tensor ${tensor}`, tensor, dataBytes))
    .sort((a, b) => a.begin - b.begin || a.end - b.end);

  const tensors = new Map<string, Tensor>();
  let offset = 0;
  for (const { tensor, dtype, shape, begin, end } of entries) {
    if (begin < offset) fail(`${name}: tensor ${tensor} overlaps the tensor before it (byte ${begin} of the data)`);
    if (begin > offset) fail(`${name}: bytes ${offset} to ${begin} of the data belong to no tensor`);
    const content = bytes.subarray(dataStart + begin, dataStart + end);
    const Elements = arrayOf[dtype];
    const size = Elements.BYTES_PER_ELEMENT;
    // Not slice(): that of a Node Buffer does not copy.
    const aligned = content.byteOffset % size === 0 ? content : new Uint8Array(content);
    tensors.set(tensor, {
      shape,
      data: new Elements(aligned.buffer as ArrayBuffer, aligned.byteOffset, (end - begin) / size),
    });
    offset = end;
  }
  if (offset !== dataBytes) fail(`${name}: the last ${dataBytes - offset} bytes of the data belong to no tensor`);
  return { tensors, metadata };
}

function decodeHeader(bytes: Uint8Array, name: string): { header: Record<string, unknown>; dataStart: number } {
  if (bytes.byteLength < 8) fail(`${name}: truncated: ${bytes.byteLength} bytes, a safetensors file has at least 8`);
  const length = new DataView(bytes.buffer, bytes.byteOffset, 8).getBigUint64(0, true);
  if (length > maximumHeaderBytes) fail(`${name}: not a safetensors file: it claims a header of ${length} bytes`);
  const dataStart = 8 + Number(length);
  if (dataStart > bytes.byteLength) {
    fail(`${name}: truncated: the header ends at byte ${dataStart}, the file at byte ${bytes.byteLength}`);
  }
  const header = readJson(bytes.subarray(8, dataStart), `${name} (safetensors header)`);
  if (!isRecord(header)) fail(`${name}: the safetensors header must be a JSON object`);
  return { header, dataStart };
}

/** A header entry whose offsets lie within the data and fit its shape and type. */
function checkEntry(entry: unknown, where: string, tensor: string, dataBytes: number) {
  if (!isRecord(entry)) fail(`${where} must be described by a JSON object`);
  const { dtype, shape, data_offsets: offsets } = entry;
  if (!isKnownType(dtype)) fail(`${where} has the type ${JSON.stringify(dtype)}; known are ${typeNames.join(", ")}`);
  if (!isCounts(shape)) fail(`${where} has no valid shape: ${JSON.stringify(shape)}`);
  if (!isCounts(offsets) || offsets.length !== 2) fail(`${where} has no valid offsets: ${JSON.stringify(offsets)}`);
  const [begin, end] = offsets as [number, number];
  if (begin > end) fail(`${where} ends (byte ${end}) before it begins (byte ${begin})`);
  if (end > dataBytes) fail(`${where} ends at byte ${end} of the data, but there are only ${dataBytes}: truncated?`);
  const needed = arrayOf[dtype].BYTES_PER_ELEMENT * elementCount(shape);
  if (needed !== end - begin) {
    fail(`${where} of shape [${shape.join(", ")}] needs ${needed} bytes, its offsets give ${end - begin}`);
  }
  return { tensor, dtype, shape, begin, end } as const;
}

function isCounts(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((count) => Number.isSafeInteger(count) && count >= 0);
}

function isStringRecord(value: unknown): value is Record<string, string> {
  return isRecord(value) && Object.values(value).every((entry) => typeof entry === "string");
}

function elementCount(shape: readonly number[]): number {
  return shape.reduce((count, size) => count * size, 1);
}
