import { InferenceSession, Tensor } from "onnxruntime-node";
import { encodeOnnx, type OnnxModel } from "../../../src/export/onnx/file.ts";

/** What a model is given: whole numbers as ids or counts, else numbers in float32. */
export type Given = Readonly<
  Record<string, { readonly data: Uint32Array | Float32Array; readonly shape: readonly number[] }>
>;

/** Runs a model, or the file of one, by onnxruntime. */
export async function runOnnx(model: OnnxModel | string, given: Given): Promise<Record<string, number[]>> {
  const options = { intraOpNumThreads: 1, interOpNumThreads: 1 };
  const session = await (typeof model === "string"
    ? InferenceSession.create(model, options)
    : InferenceSession.create(await encodeOnnx(model), options));
  const feeds = Object.entries(given).map(([name, { data, shape }]) => {
    const tensor =
      data instanceof Uint32Array
        ? new Tensor("int64", BigInt64Array.from(data, BigInt), shape)
        : new Tensor("float32", data, shape);
    return [name, tensor] as const;
  });
  const outputs = await session.run(Object.fromEntries(feeds));
  await session.release();
  return Object.fromEntries(
    Object.entries(outputs).map(([name, { data }]) => [name, Array.from(data as ArrayLike<number | bigint>, Number)]),
  );
}
