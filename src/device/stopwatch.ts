import { usage } from "./transfer.ts";

/** When a compute pass began and ended, in ms since the first one of its submission began. */
export interface Span {
  readonly begin: number;
  readonly end: number;
}

/** Reads the device's own clock around compute passes. */
export interface Stopwatch {
  /** What to begin pass number `pass` with. */
  descriptorOf(pass: number): GPUComputePassDescriptor;
  /** To be encoded after the last pass. */
  resolve(encoder: GPUCommandEncoder): void;
  /** The spans of the last submission, which must be done. */
  read(): Promise<Span[]>;
  destroy(): void;
}

const bytesPerTimestamp = 8;
const queryResolve = 0x200;

/** A stopwatch for up to `passes` passes in one submission; the device needs the feature `timestamp-query`. */
export function createStopwatch(device: GPUDevice, passes: number): Stopwatch {
  const count = 2 * Math.max(1, passes);
  const size = count * bytesPerTimestamp;
  const querySet = device.createQuerySet({ type: "timestamp", count });
  const resolved = device.createBuffer({ size, usage: queryResolve | usage.copySource });
  const staging = device.createBuffer({ size, usage: usage.mapRead | usage.copyTarget });
  return {
    descriptorOf: (pass) => ({
      timestampWrites: { querySet, beginningOfPassWriteIndex: 2 * pass, endOfPassWriteIndex: 2 * pass + 1 },
    }),
    resolve(encoder) {
      encoder.resolveQuerySet(querySet, 0, 2 * passes, resolved, 0);
      encoder.copyBufferToBuffer(resolved, 0, staging, 0, size);
    },
    async read() {
      await staging.mapAsync(1);
      const nanoseconds = new BigUint64Array(staging.getMappedRange().slice(0));
      staging.unmap();
      const at = (index: number) => Number(nanoseconds[index]! - nanoseconds[0]!) / 1e6;
      return Array.from({ length: passes }, (_, pass) => ({ begin: at(2 * pass), end: at(2 * pass + 1) }));
    },
    destroy() {
      querySet.destroy();
      resolved.destroy();
      staging.destroy();
    },
  };
}
