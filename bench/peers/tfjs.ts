import {
  importOptional,
  logitsByInterest,
  maskOf,
  type RequestAdapter,
  type RoutingInputs,
  type RoutingPeer,
} from "./peer.ts";

/** The part of `@tensorflow/tfjs` that routing needs. */
interface Tensor {
  add(other: Tensor | number): Tensor;
  mul(other: Tensor): Tensor;
  div(other: Tensor): Tensor;
  sum(): Tensor;
  reshape(shape: readonly number[]): Tensor;
  clone(): Tensor;
  data(): Promise<Float32Array>;
  dispose(): void;
}
interface TensorflowPackage {
  removeBackend(name: string): void;
  registerBackend(name: string, create: () => unknown): boolean;
  setBackend(name: string): Promise<boolean>;
  ready(): Promise<void>;
  enableProdMode(): void;
  tensor(data: Float32Array, shape: readonly number[]): Tensor;
  zeros(shape: readonly number[]): Tensor;
  zerosLike(x: Tensor): Tensor;
  sum(x: Tensor, axis: number, keep: boolean): Tensor;
  square(x: Tensor): Tensor;
  sqrt(x: Tensor): Tensor;
  softmax(x: Tensor, axis: number): Tensor;
  transpose(x: Tensor, axes: readonly number[]): Tensor;
  matMul(a: Tensor, b: Tensor, transposeA?: boolean, transposeB?: boolean): Tensor;
  tidy(work: () => Tensor): Tensor;
  grads(loss: (s: Tensor, e: Tensor) => Tensor): (inputs: readonly Tensor[]) => Tensor[];
  customGrad(rule: (x: Tensor) => { value: Tensor; gradFunc: (upstream: Tensor) => Tensor }): (x: Tensor) => Tensor;
}
interface WebGPUPackage {
  readonly WebGPUBackend: new (device: GPUDevice, info: GPUAdapterInfo) => unknown;
}

/** TensorFlow.js on its WebGPU backend; `undefined` if it is not installed. */
export async function tfjsPeer(
  inputs: RoutingInputs,
  requestAdapter: RequestAdapter,
): Promise<RoutingPeer | undefined> {
  const imported = await importOptional<TensorflowPackage & { default?: TensorflowPackage }>("@tensorflow/tfjs");
  const webgpu = await importOptional<WebGPUPackage>("@tensorflow/tfjs-backend-webgpu");
  if (imported === undefined || webgpu === undefined) return undefined;
  const tf = imported.default ?? imported;
  tf.enableProdMode();
  const { device, info } = await requestDevice(requestAdapter);
  tf.removeBackend("webgpu");
  tf.registerBackend("webgpu", () => new webgpu.WebGPUBackend(device, info));
  await tf.setBackend("webgpu");
  await tf.ready();
  const { batch, length, interests } = inputs.sizes;
  const tensor = (data: ArrayLike<number>, shape: readonly number[]) => tf.tensor(Float32Array.from(data), shape);
  const behaviours = tensor(inputs.feeds.behaviours.data, inputs.feeds.behaviours.shape);
  const transform = tensor(inputs.feeds.transform.data, inputs.feeds.transform.shape);
  const upstream = tensor(inputs.upstream.data, inputs.upstream.shape);
  const mask = tensor(maskOf(inputs), [batch, 1, length]);
  const logits = tensor(logitsByInterest(inputs), [1, interests, length]);
  const forward = routing(tf, inputs, mask, logits);
  const gradients = tf.grads((s, e) => forward(s, e).mul(upstream).sum());
  const take = async (result: Tensor) => {
    const data = await result.data();
    result.dispose();
    return data;
  };
  return {
    forward: () => take(forward(transform, behaviours)),
    async gradients() {
      const [ofTransform, ofBehaviours] = gradients([transform, behaviours]);
      return { transform: await take(ofTransform!), behaviours: await take(ofBehaviours!) };
    },
    dispose: () => device.destroy(),
  };
}

async function requestDevice(requestAdapter: RequestAdapter): Promise<{ device: GPUDevice; info: GPUAdapterInfo }> {
  const adapter = await requestAdapter();
  const { limits, features, info } = adapter;
  const device = await adapter.requestDevice({
    requiredFeatures: features.has("timestamp-query") ? ["timestamp-query"] : [],
    requiredLimits: {
      maxComputeWorkgroupStorageSize: limits.maxComputeWorkgroupStorageSize,
      maxComputeInvocationsPerWorkgroup: limits.maxComputeInvocationsPerWorkgroup,
      maxBufferSize: limits.maxBufferSize,
      maxStorageBufferBindingSize: limits.maxStorageBufferBindingSize,
    },
  });
  return { device, info };
}

function routing(tf: TensorflowPackage, { sizes }: RoutingInputs, mask: Tensor, initial: Tensor) {
  const { batch, length, dimension, interests, iterations } = sizes;
  const constant = tf.customGrad((x) => ({ value: x.clone(), gradFunc: (upstream) => tf.zerosLike(upstream) }));
  const squash = (z: Tensor) => {
    const squared = tf.sum(tf.square(z), -1, true);
    return z.mul(squared.div(squared.add(1)).div(tf.sqrt(squared.add(1e-9))));
  };
  const overInterests = (logits: Tensor) => tf.transpose(tf.softmax(tf.transpose(logits, [0, 2, 1]), -1), [0, 2, 1]);
  return (s: Tensor, e: Tensor) =>
    tf.tidy(() => {
      const live = tf.matMul(e.reshape([batch * length, dimension]), s).reshape([batch, length, dimension]);
      const fixed = constant(live);
      let logits = initial.add(tf.zeros([batch, interests, length]));
      for (let t = 1; ; t++) {
        const weights = overInterests(logits).mul(mask);
        if (t === iterations) return squash(tf.matMul(weights, live));
        const capsules = squash(tf.matMul(weights, fixed));
        logits = logits.add(tf.matMul(constant(capsules), fixed, false, true));
      }
    });
}
