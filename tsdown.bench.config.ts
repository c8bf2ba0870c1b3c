import { defineConfig } from "tsdown";
import { loadedFromPackages } from "./tools/packages.ts";
import { wgsl } from "./tools/wgsl.ts";

export default defineConfig({
  // Each op's benchmark is an entry of its own, so that a new one needs no list: main.ts finds them by folder.
  entry: {
    main: "bench/main.ts",
    "start-child": "bench/start-child.ts",
    "service-child": "bench/service-child.ts",
    "ops/*": "bench/ops/*.ts",
  },
  outDir: "bench/dist",
  format: "esm",
  platform: "node",
  target: "node20",
  dts: false,
  clean: true,
  logLevel: "warn",
  outExtensions: () => ({ js: ".js" }),
  plugins: [wgsl()],
  deps: {
    neverBundle: ["benchmark", "commander", ...loadedFromPackages],
  },
});
