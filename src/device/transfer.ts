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

/** A buffer through which {@link readBuffer} reads a value. */
export function createStaging(device: GPUDevice, { shape, type }: Pick<Value, "shape" | "type">): GPUBuffer {
  const [{ bytes }] = piecesOf(shape, type) as [Piece];
  return device.createBuffer({ size: bytes, usage: usage.mapRead | usage.copyTarget });
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

/** Reads a whole buffer through a staging buffer, without the padding of its rows; halves come as floats. */
export async function readBuffer(
  device: GPUDevice,
  buffer: GPUBuffer,
  shape: Shape,
  type: DataType,
  staging?: GPUBuffer,
): Promise<Float32Array | Uint32Array> {
  const through = staging ?? createStaging(device, { shape, type });
  const pitch = rowPitch(shape, type);
  const width = lastDimension(shape);
  const size = elementCount(shape);
  const data = type === "u32" ? new Uint32Array(size) : new Float32Array(size);
  for (const { from, to, offset, bytes } of piecesOf(shape, type)) {
    const encoder = device.createCommandEncoder();
    encoder.copyBufferToBuffer(buffer, offset, through, 0, bytes);
    device.queue.submit([encoder.finish()]);
    await through.mapAsync(1, 0, bytes);
    const mapped = through.getMappedRange(0, bytes);
    const source = numbersOf(mapped, type);
    if (pitch === width) data.set(source, from);
    else copyRows(source, pitch, data.subarray(from, to), width, (to - from) / width, width);
    through.unmap();
  }
  if (staging === undefined) through.destroy();
  return data;
}

function numbersOf(bytes: ArrayBuffer, type: DataType): Float32Array | Uint32Array {
  if (type === "f16") return fromHalves(new Uint16Array(bytes));
  return type === "u32" ? new Uint32Array(bytes) : new Float32Array(bytes);
}
