import shader from "../../shaders/route_backward.wgsl";
import subgroupShader from "../../shaders/route_backward_subgroup.wgsl";
import { gridOf, read, roundedLength, u32, write } from "../graph/dispatch.ts";
import type { Op, Tensor, Value } from "../graph/graph.ts";
import { lastDimension } from "../graph/shape.ts";
import { matmul, transpose } from "../reference/matmul.ts";
import * as reference from "../reference/route.ts";
import { squashBackward } from "../reference/squash.ts";

const data = (tensor: Tensor | undefined) => tensor!.data as Float64Array;
const quads = (width: number) => Math.ceil(width / 4);

type Rule = Pick<reference.RouteRule, "power" | "mapped">;
type Shaped = Pick<Value, "shape"> | undefined;

function sizesOf([z, , weights, transform]: readonly Shaped[]): reference.RouteShape {
  const [batch, length, interests] = weights!.shape as [number, number, number];
  return { batch, length, interests, d: transform!.shape[0]!, h: lastDimension(z!.shape) };
}

/**
 * Routing backward where the routing weights count as constants.
 * @param z capsules before squash `[batch, interests, h]`
 * @param du gradient of the interests, of the same shape
 * @param weights routing weights of the last iteration `[batch, length, interests]`, 0 for padded behaviours
 * @param transform S, `[d, h]`
 * @returns the gradients of the behaviours, `[batch, length, d]`, and of z
 */
export function routeBackward(z: Value, du: Value, weights: Value, transform: Value, rule: Rule) {
  const [de, dz] = z.graph.apply(routeBackwardOp, [z, du, weights, transform], rule);
  return { de: de!, dz: dz! };
}

const routeBackwardOp: Op<Rule> = {
  name: "routeBackward",
  outputs(inputs) {
    const { batch, length, d } = sizesOf(inputs);
    return [{ shape: [batch, length, d] }, { shape: inputs[0]!.shape }];
  },
  reference(inputs, { power }) {
    const [z, du, weights, transform] = inputs;
    const sizes = sizesOf(inputs);
    const dz = squashBackward(data(z), data(du), sizes.h, power);
    const transposed = transpose(data(transform), sizes.d, sizes.h);
    const da = matmul(dz, transposed, sizes.batch * sizes.interests, sizes.h, sizes.d);
    return [reference.spread(data(weights), da, sizes), dz];
  },
  families: [
    {
      name: "subgroup",
      supports({ inputs }, target) {
        const { d, h, interests } = sizesOf(inputs);
        return target.subgroupSize === 8 && interests <= 4 && Math.max(d, h) <= 64;
      },
      suits: (_, target) => target.software,
      kernels({ inputs, outputs, attributes: { power, mapped } }) {
        const { batch, length, d, h, interests } = sizesOf(inputs);
        return [
          {
            shader: subgroupShader,
            constants: { wide: Number(Math.max(d, h) > 32), squashPower: power, identity: Number(!mapped) },
            params: {
              batch: u32(batch),
              length: u32(length),
              d: u32(d),
              dQuads: u32(quads(d)),
              hQuads: u32(quads(h)),
              interests: u32(interests),
              lanes: u32(8),
              quad: u32(4),
            },
            bindings: [...inputs.map(read), ...outputs.map(write)],
            workgroups: gridOf(batch, 1),
          },
        ];
      },
    },
    {
      name: "workgroup",
      kernels({ inputs, outputs, attributes: { power, mapped } }, target) {
        const { batch, length, d, h, interests } = sizesOf(inputs);
        return [
          {
            shader,
            constants: {
              squashPower: power,
              identity: Number(!mapped),
              workgroupSize: target.software ? 16 : 64,
              hQuadsOfAll: roundedLength(interests * quads(h)),
              dQuadsOfAll: roundedLength(4 * quads(interests) * quads(d)),
            },
            params: {
              batch: u32(batch),
              length: u32(length),
              d: u32(d),
              dQuads: u32(quads(d)),
              hQuads: u32(quads(h)),
              interests: u32(interests),
              interestQuads: u32(quads(interests)),
            },
            bindings: [...inputs.map(read), ...outputs.map(write)],
            workgroups: gridOf(batch, 1),
          },
        ];
      },
    },
  ],
};
