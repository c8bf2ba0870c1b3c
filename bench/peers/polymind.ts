import { backpropagate } from "../../src/autograd.ts";
import type { Engine } from "../../src/engine.ts";
import { Graph, type Value } from "../../src/graph/graph.ts";
import { route } from "../../src/ops/route.ts";
import type { RoutingInputs, RoutingPeer } from "./peer.ts";

/** This project's engine: on the adapter, or its CPU reference. */
export async function polymindPeer(
  engine: Engine,
  { sizes, feeds, upstream }: RoutingInputs,
): Promise<Required<RoutingPeer>> {
  const graph = new Graph();
  const constants = Object.fromEntries(
    Object.entries(feeds).map(([name, { shape, data }]) => [name, graph.constant(name, shape, data)]),
  );
  const { behaviours, transform, lengths, interestCounts, logits } = constants as Record<keyof typeof feeds, Value>;
  const interests = route(behaviours, transform, lengths, interestCounts, logits, { iterations: sizes.iterations });
  const forward = await engine.compile({ outputs: { interests } });
  const given = new Map([[interests, graph.constant("upstream", upstream.shape, upstream.data)]]);
  const flowing = backpropagate(given, [transform, behaviours]);
  const gradients = await engine.compile({
    outputs: { transform: flowing.get(transform) as Value, behaviours: flowing.get(behaviours) as Value },
  });
  return {
    dispatches: { forward: forward.dispatches, gradients: gradients.dispatches },
    async forward() {
      await forward.run({});
      return (await forward.read("interests")) as Float32Array;
    },
    async gradients() {
      await gradients.run({});
      return {
        transform: (await gradients.read("transform")) as Float32Array,
        behaviours: (await gradients.read("behaviours")) as Float32Array,
      };
    },
    dispose() {
      forward.dispose();
      gradients.dispose();
    },
  };
}
