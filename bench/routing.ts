// Routing side by side: this project, its CPU reference, and what a user of JavaScript would pick instead.
import { createEngine, type Engine } from "../src/engine.ts";
import { fail } from "../src/errors.ts";
import { checksum, requireClose } from "./compare.ts";
import { type Patience, time } from "./harness.ts";
import { defaultSizes, type Sizes } from "./kernel-benchmark.ts";
import type { Limits } from "./limits.ts";
import { jaxInstall, jaxPeer } from "./peers/jax-js.ts";
import {
  pretendBrowser,
  type RoutingGradients,
  type RoutingInputs,
  type RoutingPeer,
  type SharedAdapter,
} from "./peers/peer.ts";
import { polymindPeer } from "./peers/polymind.ts";
import { tfjsInstall, tfjsPeer } from "./peers/tfjs.ts";
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
  limits: Limits,
  patience: Patience,
): Promise<Comparison> {
  const inputs: RoutingInputs = { sizes, feeds: routingFeeds(sizes), upstream: routingUpstream(sizes) };
  const reference = await polymindPeer(await createEngine({ adapter: "cpu" }), inputs);
  const wanted = { forward: await reference.forward(), gradients: await reference.gradients() };
  if (isDefault(sizes)) requireKnown(wanted.forward, wanted.gradients);
  await pretendBrowser(shared);
  const engines: readonly (readonly [name: string, make: () => Promise<RoutingPeer | undefined>, install: string])[] = [
    ["polymind", () => polymindPeer(engine, inputs), ""],
    ["polymind CPU reference", async () => reference, ""],
    ["jax-js webgpu, jit", () => jaxPeer(inputs), jaxInstall],
    ["tfjs webgpu", () => tfjsPeer(inputs, shared), tfjsInstall],
  ];
  const rows: Row[] = [];
  const missing: string[] = [];
  for (const [name, make, install] of engines) {
    const peer = await make();
    if (peer === undefined) {
      missing.push(`${name} is missing: npm install --no-save ${install}`);
      continue;
    }
    requireClose(`${name}, routing`, await peer.forward(), wanted.forward, tolerance);
    const { transform, behaviours } = await peer.gradients();
    requireClose(`${name}, gradient of the transform`, transform, wanted.gradients.transform, tolerance);
    requireClose(`${name}, gradient of the behaviours`, behaviours, wanted.gradients.behaviours, tolerance);
    rows.push(...(await timePeer(name, peer, sizes, limits, patience)));
    peer.dispose();
  }
  return { rows, missing };
}

async function timePeer(engine: string, peer: RoutingPeer, sizes: Sizes, limits: Limits, patience: Patience) {
  const { batch, length, dimension, interests, iterations } = sizes;
  const shape = `${batch} x ${length} x ${dimension}, K ${interests}, R ${iterations}`;
  const work = routingWork(sizes);
  const row = async (
    name: string,
    call: () => Promise<unknown>,
    least: { flops: number; bytes?: number },
    dispatches?: number,
  ) => {
    const { median_ms, spread_ms } = await time(name, call, patience);
    const bytes = least.bytes ?? 0;
    return withFloor(limits, {
      name,
      engine,
      shape,
      median_ms,
      spread: spread_ms,
      dispatches,
      flops: least.flops,
      bytes,
    });
  };
  return [
    await row("routing forward", peer.forward, work.forward, peer.dispatches?.forward),
    await row("routing forward + gradients", peer.gradients, work.both, peer.dispatches?.gradients),
  ];
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
