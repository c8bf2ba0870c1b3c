// Routing side by side: this project, its CPU reference, and what a user of JavaScript would pick instead.
import { createEngine, type Engine } from "../src/engine.ts";
import { fail } from "../src/errors.ts";
import { checksum, requireClose } from "./compare.ts";
import { type Patience, time } from "./harness.ts";
import { defaultSizes, type Sizes } from "./kernel-benchmark.ts";
import type { AdapterLimits } from "./limits.ts";
import { gpuPeer } from "./peers/gpu-js.ts";
import { jaxPeer } from "./peers/jax-js.ts";
import {
  installPeers,
  pretendBrowser,
  type RoutingGradients,
  type RoutingInputs,
  type RoutingPeer,
  type SharedAdapter,
} from "./peers/peer.ts";
import { polymindPeer } from "./peers/polymind.ts";
import { tfjsPeer } from "./peers/tfjs.ts";
import { type Row, withFloor } from "./report.ts";
import { routingFeeds, routingUpstream, routingWork } from "./routing-workload.ts";

export interface Comparison {
  readonly rows: readonly Row[];
  readonly missing: readonly string[];
}

/** What four independent engines agree on for the default sizes. */
const known = { forward: -119.107, transform: 338.78, behaviours: 495.14 };
const checksumTolerance = 0.01;
const tolerance = 1e-4;

/** Runs every engine that is installed on one adapter; each is compared with the CPU reference before it is timed. */
export async function compareRouting(
  engine: Engine,
  shared: SharedAdapter,
  sizes: Sizes,
  limits: AdapterLimits,
  patience: Patience,
): Promise<Comparison> {
  const inputs: RoutingInputs = { sizes, feeds: routingFeeds(sizes), upstream: routingUpstream(sizes) };
  const reference = await polymindPeer(await createEngine({ adapter: "cpu" }), inputs);
  const wanted = { forward: await reference.forward(), gradients: await reference.gradients() };
  if (isDefault(sizes)) requireKnown(wanted.forward, wanted.gradients);
  const { requestAdapter, forgetPace } = await pretendBrowser(shared);
  const engines: readonly (readonly [name: string, make: () => Promise<RoutingPeer | undefined>])[] = [
    ["polymind", () => polymindPeer(engine, inputs)],
    ["polymind CPU reference", async () => reference],
    ["jax-js webgpu, jit", () => jaxPeer(inputs)],
    ["tfjs webgpu", () => tfjsPeer(inputs, requestAdapter)],
    ["gpu.js webgpu, createPipeline", () => gpuPeer(inputs)],
  ];
  const rows: Row[] = [];
  const missing: string[] = [];
  for (const [name, make] of engines) {
    const peer = await make();
    if (peer === undefined) {
      missing.push(`${name} is missing: ${installPeers}`);
      continue;
    }
    requireClose(`${name}, routing`, await peer.forward(), wanted.forward, tolerance);
    if (peer.gradients === undefined) missing.push(`${name} has no gradients, so it has no row for them`);
    else requireGradients(name, await peer.gradients(), wanted.gradients);
    rows.push(...(await timePeer(name, peer, forgetPace, sizes, limits, patience)));
    peer.dispose();
  }
  return { rows, missing };
}

function requireGradients(name: string, got: RoutingGradients, wanted: RoutingGradients): void {
  requireClose(`${name}, gradient of the transform`, got.transform, wanted.transform, tolerance);
  requireClose(`${name}, gradient of the behaviours`, got.behaviours, wanted.behaviours, tolerance);
}

async function timePeer(
  engine: string,
  peer: RoutingPeer,
  forgetPace: () => void,
  sizes: Sizes,
  limits: AdapterLimits,
  patience: Patience,
) {
  const { batch, length, dimension, interests, iterations } = sizes;
  const shape = `${batch} x ${length} x ${dimension}, K ${interests}, R ${iterations}`;
  const work = routingWork(sizes);
  const row = async (
    name: string,
    call: () => Promise<unknown>,
    least: { flops: number; bytes?: number },
    dispatches?: number,
  ) => {
    forgetPace();
    const timing = await time(name, call, patience);
    const { flops, bytes = 0 } = least;
    return withFloor(
      limits,
      { name, engine, shape, ...timing, clock: "host", dispatches, flops, bytes },
      limits.empty_call_ms,
    );
  };
  const rows = [await row("routing forward", peer.forward, work.forward, peer.dispatches?.forward)];
  if (peer.gradients !== undefined) {
    rows.push(await row("routing forward + gradients", peer.gradients, work.both, peer.dispatches?.gradients));
  }
  return rows;
}

const isDefault = (sizes: Sizes) =>
  (["batch", "length", "dimension", "interests", "iterations"] as const).every(
    (key) => sizes[key] === defaultSizes[key],
  );

function requireKnown(interests: Float32Array, { transform, behaviours }: RoutingGradients): void {
  const got = { forward: checksum(interests), transform: checksum(transform), behaviours: checksum(behaviours) };
  for (const [name, want] of Object.entries(known)) {
    const sum = got[name as keyof typeof known];
    if (!(Math.abs(sum - want) <= checksumTolerance))
      fail(`routing: expected the checksum ${want} of ${name}, got ${sum}`);
  }
}
