import { defineConfig } from "vitest/config";
import { page } from "./tools/page.ts";
import { wgsl } from "./tools/wgsl.ts";

export default defineConfig({
  plugins: [wgsl(), page()],
  test: {
    include: ["test/**/*.test.ts"],
    // One process at a time: every file shares the two cores with a software GPU.
    fileParallelism: false,
    testTimeout: 120_000,
    hookTimeout: 120_000,
  },
});
