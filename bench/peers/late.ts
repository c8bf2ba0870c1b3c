import { createPace } from "../../src/device/pace.ts";

const mapRead = 0x1;

/**
 * Makes another engine wait for its results as this project's does on a software adapter, where waiting takes a core from the kernels
 * (`src/device/pace.ts`): a buffer is mapped when the pace says that the computation is done. All engines then have all
 * cores, and what differs is their kernels.
 */
export function mapLate(device: GPUDevice): { forget(): void } {
  let pace = createPace(device.queue, true);
  let computes = false;
  const createCommandEncoder = device.createCommandEncoder.bind(device);
  device.createCommandEncoder = (descriptor) => {
    const encoder = createCommandEncoder(descriptor);
    const beginComputePass = encoder.beginComputePass.bind(encoder);
    encoder.beginComputePass = (pass) => {
      computes = true;
      return beginComputePass(pass);
    };
    return encoder;
  };
  const submit = device.queue.submit.bind(device.queue);
  device.queue.submit = (commands) => {
    submit(commands);
    // What only copies is done by the time that it is waited for.
    if (computes) pace.submitted();
    computes = false;
  };
  const createBuffer = device.createBuffer.bind(device);
  device.createBuffer = (descriptor) => {
    const buffer = createBuffer(descriptor);
    if ((descriptor.usage & mapRead) === 0) return buffer;
    const mapAsync = buffer.mapAsync.bind(buffer);
    buffer.mapAsync = async (...range) => {
      await pace.idle();
      return mapAsync(...range);
    };
    return buffer;
  };
  // What is timed next takes another time, and shaders are compiled no more.
  const forget = () => {
    pace = createPace(device.queue, true);
  };
  return { forget };
}
