import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { mapLate } from "../../bench/peers/late.ts";

/** A device whose computations take a while, and which notes what it is asked for, in order. */
function fakeDevice() {
  const asked: string[] = [];
  const device = {
    queue: {
      submit: () => void asked.push("submit"),
      async onSubmittedWorkDone() {
        asked.push("wait");
        await sleep(20);
        asked.push("done");
      },
    },
    createCommandEncoder: () => ({ beginComputePass: () => ({}) }),
    createBuffer: () => ({ mapAsync: async () => void asked.push("map") }),
  } as unknown as GPUDevice;
  mapLate(device);
  const staging = device.createBuffer({ size: 16, usage: 0x1 | 0x8 });
  return { device, asked, staging };
}

test("a result is mapped when its computation is done", async () => {
  const { device, asked, staging } = fakeDevice();
  device.createCommandEncoder().beginComputePass();
  device.queue.submit([]);
  device.queue.submit([]);
  await staging.mapAsync(1);
  expect(asked).toEqual(["submit", "submit", "wait", "done", "map"]);
});

test("a second result of the same computation, which is only copied, does not wait again", async () => {
  const { device, asked, staging } = fakeDevice();
  device.createCommandEncoder().beginComputePass();
  device.queue.submit([]);
  await staging.mapAsync(1);
  asked.length = 0;
  device.createCommandEncoder();
  device.queue.submit([]);
  await staging.mapAsync(1);
  expect(asked).toEqual(["submit", "map"]);
});
