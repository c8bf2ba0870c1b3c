/** Smaller arrays are copied to each worker: a memory of its own for each would cost more. */
const leastBytes = 1 << 16;

/** The same value with its large number arrays in shared memory, which worker threads read without a copy of their own. */
export function inSharedMemory<T>(value: T): T {
  if (typeof value !== "object" || value === null) return value;
  if (ArrayBuffer.isView(value)) return (isShareable(value) ? shared(value) : value) as T;
  if (Object.getPrototypeOf(value) !== Object.prototype) return value;
  return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, inSharedMemory(part)])) as T;
}

type NumberArray = Uint8Array | Uint16Array | Uint32Array | Float32Array | Float64Array;

const isShareable = (view: ArrayBufferView): view is NumberArray =>
  view.byteLength >= leastBytes && !(view instanceof DataView) && !(view.buffer instanceof SharedArrayBuffer);

function shared(array: NumberArray): NumberArray {
  const copy = new (array.constructor as new (memory: SharedArrayBuffer) => NumberArray)(
    new SharedArrayBuffer(array.byteLength),
  );
  copy.set(array);
  return copy;
}
