import type { Engine } from "../engine.ts";
import type { Parameters } from "../graph/program.ts";
import type { Arrays, StoredArray } from "../models/arrays.ts";

/** What parameters are now, as it is kept on the host. */
export async function snapshot(parameters: Parameters, names: readonly string[]): Promise<Arrays> {
  const arrays = new Map<string, StoredArray>();
  for (const name of names) {
    const [shape, precision] = [parameters.shapeOf(name), parameters.precisionOf(name)];
    arrays.set(name, { shape, precision, data: await parameters.read(name) });
  }
  return arrays;
}

/** Those of the given names. */
export function pickArrays(arrays: Arrays, names: readonly string[]): Arrays {
  return new Map(names.map((name) => [name, arrays.get(name)!]));
}

/** Parameters of an engine with saved arrays in place. */
export function restored(engine: Engine, arrays: Arrays): Parameters {
  const parameters = engine.createParameters();
  restore(parameters, arrays);
  return parameters;
}

/** Puts saved arrays in place, before a program that uses them is compiled. */
export function restore(parameters: Parameters, arrays: Arrays): void {
  for (const [name, { shape, data, precision }] of arrays) parameters.define(name, shape, data, precision);
}
