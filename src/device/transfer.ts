import { fail } from "../errors.ts";
import type { Value } from "../graph/graph.ts";
import {
  copyRows,
  type DataType,
  elementBytes,
  elementCount,
  formatShape,
  lastDimension,
  rowPitch,
  type Shape,
} from "../graph/shape.ts";
import { fromHalves, toHalves } from "../reference/half.ts";
import { bufferBytes } from "./bindings.ts";

/** Usage flags, spelled out because the globals of WebGPU exist only in browsers. */
export const usage = { mapRead: 0x1, copySource: 0x4, copyTarget: 0x8, uniform: 0x40, storage: 0x80 } as const;

/** Host and device exchange a value in pieces of about this size, so that a large table is not held once more on the way. */
const pieceBytes = 32 * 2 ** 20;

/** A zeroed storage buffer for a value. */
export function createStorage(device: GPUDevice, value: Pick<Value, "name" | "shape" | "type">): GPUBuffer {
  const size = bufferBytes(value);
  const limit = device.limits.maxBufferSize;
  if (size > limit) {
    fail(
      `${value.name} ${formatShape(value.shape)}: expected at most ${limit} bytes in one buffer of this adapter, got ${size}; use a smaller batch, table or dimension`,
    );
  }
  return device.createBuffer({ label: value.name, size, usage: usage.storage | usage.copySource | usage.copyTarget });
}

interface Piece {
  /** Its place in the dense array. */
  readonly from: number;
  readonly to: number;
  /** Its place in the buffer. */
  readonly offset: number;
  readonly bytes: number;
}

/** Whole rows where these are padded in the buffer, else any elements; the first piece is the largest. */
function piecesOf(shape: Shape, type: DataType): readonly Piece[] {
  const padded = rowPitch(shape, type) !== lastDimension(shape);
  const [pitch, width] = padded ? [rowPitch(shape, type), lastDimension(shape)] : [1, 1];
  const rows = elementCount(shape) / width;
  const rowBytes = pitch * elementBytes(type);
  const most = Math.max(1, Math.floor(pieceBytes / rowBytes));
  return Array.from({ length: Math.ceil(rows / most) }, (_, piece) => {
    const first = piece * most;
    const count = Math.min(most, rows - first);
    return { from: first * width, to: (first + count) * width, offset: first * rowBytes, bytes: count * rowBytes };
  });
}

/** Writes a dense array into a buffer whose rows are padded; `type` is what the buffer holds. */
export function writeRows(
  device: GPUDevice,
  buffer: GPUBuffer,
  shape: Shape,
  given: Float32Array | Uint32Array,
  name: string,
  type: DataType = given instanceof Uint32Array ? "u32" : "f32",
): void {
  if (given.length !== elementCount(shape)) {
    fail(`${name}: expected ${elementCount(shape)} elements for shape ${formatShape(shape)}, got ${given.length}`);
  }
  // Dawn for Node crashes on memory that threads share.
  const data = given.buffer instanceof ArrayBuffer ? given : given.slice();
  const pitch = rowPitch(shape, type);
  const width = lastDimension(shape);
  if (type !== "f16" && pitch === width && data.byteLength <= pieceBytes) {
    device.queue.writeBuffer(buffer, 0, data as GPUAllowSharedBufferSource);
    return;
  }
  const pieces = piecesOf(shape, type);
  for (const { from, to, offset, bytes } of pieces) {
    const dense = data.subarray(from, to);
    const rows = (to - from) / width;
    const elements = bytes / elementBytes(type);
    const padded = pitch === width ? dense : copyRows(dense, width, new Float32Array(elements), pitch, rows, width);
    const content = type === "f16" ? toHalves(padded) : padded;
    device.queue.writeBuffer(buffer, offset, content as GPUAllowSharedBufferSource);
    // A submit lets Dawn free what it keeps of a piece until the copy is done.
    if (pieces.length > 1) device.queue.submit([]);
  }
}

/** A value in a buffer. */
export interface Stored extends Pick<Value, "shape" | "type"> {
  readonly buffer: GPUBuffer;
}

interface Part extends Piece {
  readonly source: number;
  /** Its place in the staging buffer. */
  readonly at: number;
}

/** Pieces that are read at a time: as many as fit in what the largest may take. */
function groupsOf(sources: readonly Pick<Stored, "shape" | "type">[]): Part[][] {
  const groups: Part[][] = [];
  let at = Number.POSITIVE_INFINITY;
  for (const [source, { shape, type }] of sources.entries()) {
    for (const piece of piecesOf(shape, type)) {
      if (at + piece.bytes > pieceBytes) {
        groups.push([]);
        at = 0;
      }
      groups.at(-1)!.push({ ...piece, source, at });
      // A mapped range starts at a multiple of 8.
      at += Math.ceil(piece.bytes / 8) * 8;
    }
  }
  return groups;
}

const endOf = (group: readonly Part[]) => group.at(-1)!.at + group.at(-1)!.bytes;

/** A buffer through which {@link readBuffers} reads values. */
export function createStaging(device: GPUDevice, sources: readonly Pick<Stored, "shape" | "type">[]): GPUBuffer {
  const size = Math.max(...groupsOf(sources).map(endOf));
  return device.createBuffer({ size, usage: usage.mapRead | usage.copyTarget });
}

/**
 * Reads whole buffers through a staging buffer, without the padding of their rows; halves come as floats.
 * @param waitFor waits for a mapping; there is one for all of them, unless they are large
 */
export async function readBuffers(
  device: GPUDevice,
  sources: readonly Stored[],
  through: GPUBuffer,
  waitFor: (ask: () => Promise<unknown>) => Promise<unknown> = (ask) => ask(),
): Promise<(Float32Array | Uint32Array)[]> {
  const read = sources.map(({ shape, type }) => {
    const size = elementCount(shape);
    return type === "u32" ? new Uint32Array(size) : new Float32Array(size);
  });
  for (const group of groupsOf(sources)) {
    const encoder = device.createCommandEncoder();
    for (const { source, offset, at, bytes } of group) {
      encoder.copyBufferToBuffer(sources[source]!.buffer, offset, through, at, bytes);
    }
    device.queue.submit([encoder.finish()]);
    await waitFor(() => through.mapAsync(1, 0, endOf(group)));
    const mapped = through.getMappedRange(0, endOf(group));
    for (const part of group) unpack(mapped, part, sources[part.source]!, read[part.source]!);
    through.unmap();
  }
  return read;
}

function unpack(
  mapped: ArrayBuffer,
  { at, bytes, from, to }: Part,
  { shape, type }: Stored,
  into: Float32Array | Uint32Array,
): void {
  const pitch = rowPitch(shape, type);
  const width = lastDimension(shape);
  const numbers = numbersOf(mapped, at, bytes / elementBytes(type), type);
  if (pitch === width) into.set(numbers, from);
  else copyRows(numbers, pitch, into.subarray(from, to), width, (to - from) / width, width);
}

function numbersOf(buffer: ArrayBuffer, at: number, count: number, type: DataType): Float32Array | Uint32Array {
  if (type === "f16") return fromHalves(new Uint16Array(buffer, at, count));
  return type === "u32" ? new Uint32Array(buffer, at, count) : new Float32Array(buffer, at, count);
}
