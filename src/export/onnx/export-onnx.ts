import { fail } from "../../errors.ts";
import type { Value } from "../../graph/graph.ts";
import { interestsOf } from "../../models/registry.ts";
import { isTrained, type TrainedModel } from "../../retrieval/trained-model.ts";
import { buildUserGraph } from "../../training/encoded-users.ts";
import type { StoredModel } from "../../training/model-folder.ts";
import { type Builder, createBuilder } from "./builder.ts";
import { type OnnxModel, type Port, writeOnnx } from "./file.ts";
import { topItems } from "./scores.ts";
import { translate } from "./translate.ts";

export const towers = ["user", "item", "full"] as const;

/** `"user"`: from histories to interests; `"item"`: from ids to item vectors; `"full"`: from histories to the best items. */
export type Tower = (typeof towers)[number];

export interface ExportOnnxOptions {
  readonly tower: Tower;
  /** Items that `"full"` finds; default 100. */
  readonly top?: number | undefined;
  /** Puts tables beside the model, in `path.data`; default: where they take more than 1 GiB. */
  readonly externalData?: boolean | undefined;
}

export interface ExportedOnnx {
  readonly files: readonly string[];
  readonly inputs: readonly Port[];
  readonly outputs: readonly Port[];
}

/** Writes a part of a model as ONNX, opset 17, for any number of users or items at a time. */
export async function exportOnnx(
  model: StoredModel,
  path: string,
  { tower, top = 100, externalData = false }: ExportOnnxOptions,
): Promise<ExportedOnnx> {
  const onnx = onnxOf(model, tower, top);
  const files = await writeOnnx(path, onnx, { externalData });
  return { files, inputs: onnx.inputs, outputs: onnx.outputs };
}

/** The same, in memory. */
export function onnxOf(model: StoredModel, tower: Tower, top = 100): OnnxModel {
  if (!isTrained(model))
    fail(`${model.spec.name} is no graph of operators; only models that are trained can be exported to ONNX`);
  const builder = createBuilder();
  const { spec } = model;
  const made = tower === "item" ? itemTower(builder, model) : userTower(builder, model, tower, top);
  return {
    ...made,
    name: `polymind.${spec.name}.${tower}`,
    description: descriptions[tower],
    graph: builder,
    properties: { model: spec.name, tower, items: `${model.log.itemCount}`, dimension: `${spec.options.dimension}` },
  };
}

type Ports = Pick<OnnxModel, "inputs" | "outputs">;

const descriptions: Readonly<Record<Tower, string>> = {
  user: "Interests of users: history holds item ids, oldest first, 0 after the last; lengths says how many. Of the interests of a user, the first interest_counts count.",
  item: "Vectors of items, as interests score them, by their ids from 1.",
  full: "The best items of users: history holds item ids, oldest first, 0 after the last; lengths says how many; items in excluded, where 0 is none, are not found. 0 where no more items are left.",
};

const graphOf = ({ spec, log: { itemCount }, itemFeatures, userFeatures }: TrainedModel) =>
  buildUserGraph(spec, { itemCount, itemFeatures, userFeatures }, 1);

/** An input as it is in our graph; its first size is the batch. */
const portOf = ({ name, type, shape }: Value): Port => ({
  name,
  type: type === "u32" ? "int64" : "f32",
  shape: ["batch", ...shape.slice(1)],
});

/** Gives a value the name of an output. */
function output(builder: Builder, value: string, port: Port): Port {
  builder.output(value, port.name);
  return port;
}

function itemTower(builder: Builder, model: TrainedModel): Ports {
  const { graph, items } = graphOf(model);
  const ids = graph.input("items", "u32", [1]);
  const vectors = items.rows(ids);
  const { nameOf } = translate(builder, { vectors }, model.parameters);
  const port: Port = { name: "vectors", type: "f32", shape: ["batch", vectors.shape[1]!] };
  return { inputs: [portOf(ids)], outputs: [output(builder, nameOf(vectors), port)] };
}

function userTower(builder: Builder, model: TrainedModel, tower: "user" | "full", top: number): Ports {
  const { items, interests, interestCounts } = graphOf(model);
  const wanted = { interests, interestCounts, ...(tower === "full" && { items: items.all() }) };
  const { inputs, nameOf } = translate(builder, wanted, model.parameters);
  const [, most, dimension] = interests.shape as [number, number, number];
  const ports = inputs.map(portOf);
  if (tower === "user") {
    const vectors: Port = { name: "interests", type: "f32", shape: ["batch", most, dimension] };
    const counts: Port = { name: "interest_counts", type: "int64", shape: ["batch"] };
    return {
      inputs: ports,
      outputs: [output(builder, nameOf(interests), vectors), output(builder, nameOf(interestCounts), counts)],
    };
  }
  const excluded: Port = { name: "excluded", type: "int64", shape: ["batch", "excluded"] };
  const depth = Math.min(top, model.log.itemCount);
  const found = topItems(builder, {
    interests: nameOf(interests),
    counts: nameOf(interestCounts),
    most: interestsOf(model.spec),
    items: nameOf(wanted.items!),
    itemShape: wanted.items!.shape as [number, number],
    excluded: excluded.name,
    top: depth,
  });
  return {
    inputs: [...ports, excluded],
    outputs: [
      output(builder, found.items, { name: "items", type: "int64", shape: ["batch", depth] }),
      output(builder, found.scores, { name: "scores", type: "f32", shape: ["batch", depth] }),
    ],
  };
}
