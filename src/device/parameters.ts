import { fail } from "../errors.ts";
import type { Value } from "../graph/graph.ts";
import { type Parameters, precisionOf, requireSame } from "../graph/program.ts";
import { elementCount, type Precision, type Shape } from "../graph/shape.ts";
import { createStaging, createStorage, readBuffers, writeRows } from "./transfer.ts";

/** Parameters in device buffers. */
export interface DeviceParameters extends Parameters {
  /** The buffer of a parameter, made with its initial content when nobody has asked for it before. */
  bufferOf(value: Value): GPUBuffer;
}

export function createDeviceParameters(device: GPUDevice): DeviceParameters {
  const stored = new Map<string, { buffer: GPUBuffer; shape: Shape; precision: Precision }>();
  const find = (name: string) =>
    stored.get(name) ?? fail(`parameters: expected one of ${[...stored.keys()].join(", ")}; got ${name}`);
  const define = (name: string, shape: Shape, data: Float32Array, precision: Precision = "f32") => {
    const buffer = createStorage(device, { name, shape, type: precision });
    if (!isZero(data, shape)) writeRows(device, buffer, shape, data, name, precision);
    stored.set(name, { buffer, shape, precision });
    return buffer;
  };
  return {
    get names() {
      return [...stored.keys()];
    },
    shapeOf: (name) => find(name).shape,
    precisionOf: (name) => find(name).precision,
    async read(name) {
      const { buffer, shape, precision } = find(name);
      const source = { buffer, shape, type: precision };
      const staging = createStaging(device, [source]);
      const [data] = await readBuffers(device, [source], staging);
      staging.destroy();
      return data as Float32Array;
    },
    write(name, data) {
      const { buffer, shape, precision } = find(name);
      writeRows(device, buffer, shape, data, name, precision);
    },
    define,
    bufferOf(value) {
      const known = stored.get(value.name);
      if (known === undefined)
        return define(value.name, value.shape, value.initial!() as Float32Array, precisionOf(value));
      requireSame(value, known);
      return known.buffer;
    },
  };
}

/** Whether an array holds what a new buffer holds, every bit of it zero, as the moments of a large table do at first. */
function isZero({ buffer, byteOffset, length }: Float32Array, shape: Shape): boolean {
  return length === elementCount(shape) && !new Uint32Array(buffer, byteOffset, length).some((bits) => bits !== 0);
}
