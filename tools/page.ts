import { readFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { rolldown } from "rolldown";

const ending = "?page";

/**
 * Loads `import page from "page/main.ts?page"` as `{ script, style }`: the code of a page for the browser with all that it
 * imports, and `style.css` beside it; shared by the build and the test runner.
 */
export function page() {
  return {
    name: "page",
    resolveId(source: string, importer: string | undefined) {
      return source.endsWith(ending) && importer !== undefined ? resolve(dirname(importer), source) : null;
    },
    async load(id: string) {
      if (!id.endsWith(ending)) return null;
      const input = id.slice(0, -ending.length);
      const bundle = await rolldown({ input, platform: "browser", logLevel: "silent" });
      const { output } = await bundle.generate({ format: "iife", minify: true });
      await bundle.close();
      const style = await readFile(join(dirname(input), "style.css"), "utf8");
      return {
        code: `export default ${JSON.stringify({ script: output[0].code, style })};`,
        moduleType: "js" as const,
      };
    },
  };
}
