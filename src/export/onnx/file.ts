import { rm } from "node:fs/promises";
import { basename } from "node:path";
import { openWholeFile } from "../../storage/whole-file.ts";
import type { Builder, OnnxNode, OnnxTensor } from "./builder.ts";
import { attributeTypes, dataTypes } from "./types.ts";

/** An input or output of the model; a size that is a name may be any. */
export interface Port {
  readonly name: string;
  readonly type: "f32" | "int64";
  readonly shape: readonly (number | string)[];
}

/** A whole model. */
export interface OnnxModel {
  readonly name: string;
  readonly description: string;
  readonly inputs: readonly Port[];
  readonly outputs: readonly Port[];
  readonly graph: Pick<Builder, "nodes" | "tensors">;
  readonly properties: Readonly<Record<string, string>>;
}

const bytesOf = ({ data: { buffer, byteOffset, byteLength } }: OnnxTensor) =>
  new Uint8Array(buffer, byteOffset, byteLength);

/** A message of protobuf ends at 2 GiB; a model of more than this has its tables beside it. */
const mostInside = 2 ** 30;
/** Arrays that are smaller stay in the model in any case. */
const leastOutside = 1024;
/** Arrays beside the model begin at multiples of a page, so that they can be mapped. */
const page = 4096;

/** Opset 17 and the version of the format that came with it. */
const versions = { opset: 17, format: 8 };

/** Writes a model, with its large arrays in `path.data` if there is too much of them or if asked to; tells what it wrote. */
export async function writeOnnx(
  path: string,
  model: OnnxModel,
  { externalData = false } = {},
): Promise<readonly string[]> {
  const { tensors } = model.graph;
  const total = tensors.reduce((sum, tensor) => sum + bytesOf(tensor).length, 0);
  const outside = externalData || total > mostInside ? tensors.filter((t) => bytesOf(t).length >= leastOutside) : [];
  const dataPath = `${path}.data`;
  const places = placesOf(outside);
  const file = await openWholeFile(path);
  const data = outside.length > 0 ? await openWholeFile(dataPath) : undefined;
  try {
    await file.write(await encodeOnnx(model, (tensor) => inside(tensor, places.get(tensor), basename(dataPath))));
    let at = 0;
    for (const [tensor, { offset }] of places) {
      const bytes = bytesOf(tensor);
      await data!.write(new Uint8Array(offset - at));
      await data!.write(bytes);
      at = offset + bytes.length;
    }
    if (data) {
      // An older model must not be found with the new arrays.
      await rm(path, { force: true });
      await data.finish();
    }
    await file.finish();
  } finally {
    await file.abandon();
    await data?.abandon();
  }
  return data ? [path, dataPath] : [path];
}

interface Place {
  readonly offset: number;
  readonly length: number;
}

function placesOf(tensors: readonly OnnxTensor[]): ReadonlyMap<OnnxTensor, Place> {
  let end = 0;
  return new Map(
    tensors.map((tensor) => {
      const offset = Math.ceil(end / page) * page;
      const { length } = bytesOf(tensor);
      end = offset + length;
      return [tensor, { offset, length }];
    }),
  );
}

function inside(tensor: OnnxTensor, place: Place | undefined, location: string): object {
  if (place === undefined) return { rawData: bytesOf(tensor) };
  return { dataLocation: 1, externalData: entries({ location, offset: `${place.offset}`, length: `${place.length}` }) };
}

const entries = (values: Readonly<Record<string, string>>) =>
  Object.entries(values).map(([key, value]) => ({ key, value }));

/** The bytes of a model; `contentOf` says where the numbers of an array are. */
export async function encodeOnnx(
  { name, description, inputs, outputs, graph, properties }: OnnxModel,
  contentOf: (tensor: OnnxTensor) => object = (tensor) => ({ rawData: bytesOf(tensor) }),
): Promise<Uint8Array> {
  const { encodeModel } = await import("./messages.ts");
  return encodeModel({
    irVersion: versions.format,
    opsetImport: [{ domain: "", version: versions.opset }],
    producerName: "polymind",
    docString: description,
    graph: {
      name,
      node: graph.nodes.map(nodeMessage),
      initializer: graph.tensors.map((tensor) => ({
        name: tensor.name,
        dims: tensor.shape,
        dataType: dataTypes[tensor.type],
        ...contentOf(tensor),
      })),
      input: inputs.map(portMessage),
      output: outputs.map(portMessage),
    },
    metadataProps: entries(properties),
  });
}

const nodeMessage = ({ operator, inputs, outputs, attributes }: OnnxNode) => ({
  opType: operator,
  name: outputs[0],
  input: inputs,
  output: outputs,
  attribute: Object.entries(attributes).map(([name, value]) =>
    typeof value === "number"
      ? { name, type: attributeTypes.i, i: value }
      : { name, type: attributeTypes.ints, ints: value },
  ),
});

const portMessage = ({ name, type, shape }: Port) => {
  const dim = shape.map((size) => (typeof size === "number" ? { dimValue: size } : { dimParam: size }));
  return { name, type: { tensorType: { elemType: dataTypes[type], shape: { dim } } } };
};
