/** The same elements in memory of their own. */
export function reshape<T extends Float64Array | Uint32Array>(elements: T): T {
  return elements.slice() as T;
}
