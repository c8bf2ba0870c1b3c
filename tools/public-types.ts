interface Chunk {
  readonly type: string;
  readonly fileName: string;
  readonly code?: string;
  readonly moduleIds?: readonly string[];
}

/**
 * Fails a build whose declarations hold or import those of another package than the named ones: users who do without it, or have
 * another version of it, could not compile.
 * @param allowed packages by entry, as `{ service: ["fastify"] }`
 */
export function publicTypes(allowed: Readonly<Record<string, readonly string[]>> = {}) {
  return {
    name: "public-types",
    generateBundle(_: unknown, bundle: Readonly<Record<string, Chunk>>) {
      for (const { type, fileName, code = "", moduleIds = [] } of Object.values(bundle)) {
        if (type !== "chunk" || !fileName.endsWith(".d.ts")) continue;
        const known = allowed[fileName.replace(/\.d\.ts$/, "")] ?? [];
        const imported = [...code.matchAll(/from "([^".][^"]*)"/g)].map(([, name]) => name!);
        const foreign = [
          ...imported.filter((name) => !name.startsWith("node:") && !known.includes(name)),
          ...moduleIds.filter((id) => id.includes("node_modules")),
        ];
        if (foreign.length > 0) throw new Error(`${fileName}: public types need ${foreign[0]}; write them out`);
      }
    },
  };
}
