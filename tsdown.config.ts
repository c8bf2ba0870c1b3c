import { defineConfig } from "tsdown";
import { loadedFromPackages } from "./tools/packages.ts";
import { page } from "./tools/page.ts";
import { publicTypes } from "./tools/public-types.ts";
import { wgsl } from "./tools/wgsl.ts";

export default defineConfig({
  // The last two run in threads of their own, from files beside the others.
  entry: {
    index: "src/index.ts",
    service: "src/service/index.ts",
    cli: "src/cli/main.ts",
    "feeder-worker": "src/training/feeder-worker.ts",
    "wals-worker": "src/models/wals-worker.ts",
  },
  format: "esm",
  platform: "node",
  target: "node20",
  fixedExtension: false,
  dts: true,
  clean: true,
  plugins: [wgsl(), page(), publicTypes({ service: ["fastify"] })],
  deps: {
    neverBundle: [...loadedFromPackages],
    alwaysBundle: ["commander", "cli-progress", "cli-table3", "protobufjs", "umap-js", "zod"],
    onlyAllowBundle: false,
  },
});
