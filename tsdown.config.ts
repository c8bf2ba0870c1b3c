import { defineConfig } from "tsdown";
import { page } from "./tools/page.ts";
import { wgsl } from "./tools/wgsl.ts";

export default defineConfig({
  // The last runs in a thread of its own, from a file beside the others.
  entry: { index: "src/index.ts", cli: "src/cli/main.ts", "feeder-worker": "src/training/feeder-worker.ts" },
  format: "esm",
  platform: "node",
  target: "node20",
  fixedExtension: false,
  dts: true,
  clean: true,
  plugins: [wgsl(), page()],
  deps: {
    neverBundle: [
      "webgpu",
      "fastify",
      "@fastify/swagger",
      "@fastify/swagger-ui",
      "prom-client",
      "@duckdb/node-api",
      "@sparticuz/chromium",
      "usearch",
      "hyparquet-writer",
      "pg",
      "pg-copy-streams",
    ],
    alwaysBundle: ["commander", "cli-progress", "cli-table3", "protobufjs", "umap-js", "zod"],
    onlyAllowBundle: false,
  },
});
