import { importOptional, logitsByInterest, maskOf, type RoutingInputs, type RoutingPeer } from "./peer.ts";

/** The part of `@jax-js/jax` that routing needs; operations consume their operands, `ref` keeps one for another use. */
interface JaxArray {
  readonly ref: JaxArray;
  add(other: JaxArray | number): JaxArray;
  mul(other: JaxArray): JaxArray;
  div(other: JaxArray): JaxArray;
  reshape(shape: readonly number[]): JaxArray;
  data(): Promise<Float32Array>;
}
type Traced = (...inputs: JaxArray[]) => JaxArray;
interface JaxPackage {
  init(): Promise<unknown>;
  defaultDevice(name: "webgpu" | "wasm"): void;
  jit(traced: Traced): Traced;
  jit(traced: (...inputs: JaxArray[]) => JaxArray[]): (...inputs: JaxArray[]) => JaxArray[];
  grad(loss: Traced, options: { argnums: readonly number[] }): (...inputs: JaxArray[]) => JaxArray[];
  readonly numpy: {
    array(data: Float32Array): JaxArray;
    zeros(shape: readonly number[]): JaxArray;
    sum(x: JaxArray, axis?: number, options?: { keepdims: boolean }): JaxArray;
    square(x: JaxArray): JaxArray;
    sqrt(x: JaxArray): JaxArray;
    matmul(a: JaxArray, b: JaxArray): JaxArray;
    transpose(x: JaxArray, axes: readonly number[]): JaxArray;
  };
  readonly nn: { softmax(x: JaxArray, axis: number): JaxArray };
  readonly lax: { stopGradient(x: JaxArray): JaxArray };
}

/** jax-js on its WebGPU backend, traced by `jit`; `undefined` if it is not installed. */
export async function jaxPeer(inputs: RoutingInputs): Promise<RoutingPeer | undefined> {
  const jax = await importOptional<JaxPackage>("@jax-js/jax");
  if (jax === undefined) return undefined;
  await jax.init();
  jax.defaultDevice("webgpu");
  const { numpy: np } = jax;
  const { batch, length, dimension, interests } = inputs.sizes;
  const { feeds, upstream } = inputs;
  const array = (data: ArrayLike<number>, shape: readonly number[]) => np.array(Float32Array.from(data)).reshape(shape);
  const behaviours = array(feeds.behaviours.data, feeds.behaviours.shape);
  const transform = array(feeds.transform.data, feeds.transform.shape);
  const logits = array(logitsByInterest(inputs), [1, interests, length]);
  const mask = array(maskOf(inputs), [batch, 1, length]);
  const given = array(upstream.data, [batch, interests, dimension]);
  const traced = routing(jax, inputs);
  const loss: Traced = (s, e, m, b, g) => np.sum(traced(s!, e!, m!, b!).mul(g!));
  const forward = jax.jit(traced);
  const gradients = jax.jit(jax.grad(loss, { argnums: [0, 1] }));
  return {
    forward: () => forward(transform.ref, behaviours.ref, mask.ref, logits.ref).data(),
    async gradients() {
      const [ofTransform, ofBehaviours] = gradients(transform.ref, behaviours.ref, mask.ref, logits.ref, given.ref);
      return { transform: await ofTransform!.data(), behaviours: await ofBehaviours!.data() };
    },
    dispose() {},
  };
}

function routing({ numpy: np, nn, lax }: JaxPackage, { sizes }: RoutingInputs): Traced {
  const { batch, length, interests, iterations } = sizes;
  const squash = (z: JaxArray) => {
    const squared = np.sum(np.square(z.ref), -1, { keepdims: true });
    return z.mul(squared.ref.div(squared.ref.add(1)).div(np.sqrt(squared.add(1e-9))));
  };
  return (s, e, m, initial) => {
    const live = np.matmul(e!, s!);
    const fixed = lax.stopGradient(live.ref);
    let logits = initial!.add(np.zeros([batch, interests, length]));
    for (let t = 1; ; t++) {
      const weights = nn.softmax(logits.ref, 1).mul(m!.ref);
      if (t === iterations) return squash(np.matmul(weights, live));
      const capsules = squash(np.matmul(weights, fixed.ref));
      logits = logits.add(lax.stopGradient(np.matmul(capsules, np.transpose(fixed.ref, [0, 2, 1]))));
    }
  };
}
