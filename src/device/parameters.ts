import { fail } from "../errors.ts";
import type { Value } from "../graph/graph.ts";
import { type Parameters, requireSameShape } from "../graph/program.ts";
import {
  bufferElements,
  copyRows,
  elementCount,
  formatShape,
  lastDimension,
  rowCount,
  rowPitch,
  type Shape,
} from "../graph/shape.ts";

/** Parameters in device buffers. */
export interface DeviceParameters extends Parameters {
  /** The buffer of a parameter, made with its initial content when nobody has asked for it before. */
  bufferOf(value: Value): GPUBuffer;
}

/** Usage flags, spelled out because the globals of WebGPU exist only in browsers. */
export const usage = { mapRead: 0x1, copySource: 0x4, copyTarget: 0x8, uniform: 0x40, storage: 0x80 } as const;

export function createDeviceParameters(device: GPUDevice): DeviceParameters {
  const stored = new Map<string, { buffer: GPUBuffer; shape: Shape }>();
  const find = (name: string) =>
    stored.get(name) ?? fail(`parameters: expected one of ${[...stored.keys()].join(", ")}; got ${name}`);
  const define = (name: string, shape: Shape, data: Float32Array) => {
    const buffer = createStorage(device, { name, shape, type: "f32" });
    writeRows(device, buffer, shape, data, name);
    stored.set(name, { buffer, shape });
    return buffer;
  };
  return {
    get names() {
      return [...stored.keys()];
    },
    shapeOf: (name) => find(name).shape,
    async read(name) {
      const { buffer, shape } = find(name);
      return (await readBuffer(device, buffer, shape, "f32")) as Float32Array;
    },
    write(name, data) {
      const { buffer, shape } = find(name);
      writeRows(device, buffer, shape, data, name);
    },
    define,
    bufferOf(value) {
      const known = stored.get(value.name);
      if (known === undefined) return define(value.name, value.shape, value.initial!() as Float32Array);
      requireSameShape(value, known.shape);
      return known.buffer;
    },
  };
}

/** A zeroed storage buffer for a value. */
export function createStorage(device: GPUDevice, value: Pick<Value, "name" | "shape" | "type">): GPUBuffer {
  const size = Math.max(16, bufferElements(value.shape, value.type) * 4);
  const limit = device.limits.maxStorageBufferBindingSize;
  if (size > limit) {
    fail(
      `${value.name} ${formatShape(value.shape)}: expected at most ${limit} bytes in one binding of this adapter, got ${size}; use a smaller batch, table or dimension`,
    );
  }
  return device.createBuffer({ label: value.name, size, usage: usage.storage | usage.copySource | usage.copyTarget });
}

/** Writes a dense array into a buffer whose rows are padded. */
export function writeRows(
  device: GPUDevice,
  buffer: GPUBuffer,
  shape: Shape,
  data: Float32Array | Uint32Array,
  name: string,
): void {
  if (data.length !== elementCount(shape)) {
    fail(`${name}: expected ${elementCount(shape)} elements for shape ${formatShape(shape)}, got ${data.length}`);
  }
  const type = data instanceof Uint32Array ? "u32" : "f32";
  const pitch = rowPitch(shape, type);
  const width = lastDimension(shape);
  const padded =
    pitch === width
      ? data
      : copyRows(data, width, new Float32Array(rowCount(shape) * pitch), pitch, rowCount(shape), width);
  device.queue.writeBuffer(buffer, 0, padded as GPUAllowSharedBufferSource);
}

/** Reads a whole buffer through a staging buffer, without the padding of its rows. */
export async function readBuffer(
  device: GPUDevice,
  buffer: GPUBuffer,
  shape: Shape,
  type: "f32" | "u32",
  staging?: GPUBuffer,
): Promise<Float32Array | Uint32Array> {
  const size = bufferElements(shape, type) * 4;
  const target = staging ?? device.createBuffer({ size, usage: usage.mapRead | usage.copyTarget });
  const encoder = device.createCommandEncoder();
  encoder.copyBufferToBuffer(buffer, 0, target, 0, size);
  device.queue.submit([encoder.finish()]);
  await target.mapAsync(1, 0, size);
  const mapped = target.getMappedRange(0, size);
  const pitch = rowPitch(shape, type);
  const width = lastDimension(shape);
  const source = type === "u32" ? new Uint32Array(mapped) : new Float32Array(mapped);
  const data =
    pitch === width
      ? source.slice()
      : copyRows(source, pitch, new Float32Array(elementCount(shape)), width, rowCount(shape), width);
  target.unmap();
  if (staging === undefined) target.destroy();
  return data;
}
