import { readFile } from "node:fs/promises";
import { basename } from "node:path";

/** Loads `import squash from "shaders/squash.wgsl"` as `{ name: "squash", code }`; shared by the build and the test runner. */
export function wgsl() {
  return {
    name: "wgsl",
    async load(id: string) {
      if (!id.endsWith(".wgsl")) return null;
      const shader = { name: basename(id, ".wgsl"), code: await readFile(id, "utf8") };
      return { code: `export default ${JSON.stringify(shader)};`, moduleType: "js" as const };
    },
  };
}
