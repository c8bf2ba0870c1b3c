import { join, resolve } from "node:path";
import ts from "typescript";

interface Chunk {
  readonly type: string;
  readonly fileName: string;
  readonly code?: string;
  readonly moduleIds?: readonly string[];
}

type Bundle = Readonly<Record<string, Chunk>>;

const declarationsOf = (bundle: Bundle) =>
  Object.values(bundle).filter(({ type, fileName }) => type === "chunk" && fileName.endsWith(".d.ts"));

/**
 * Fails a build whose declarations hold or import those of another package than the named ones, or do not compile in a program for
 * Node without the types of the browser: users who do without these, or have another version of them, could not compile.
 * @param allowed packages by entry, as `{ service: ["fastify"] }`
 */
export function publicTypes(allowed: Readonly<Record<string, readonly string[]>> = {}) {
  return {
    name: "public-types",
    generateBundle(_: unknown, bundle: Bundle) {
      for (const { fileName, code = "", moduleIds = [] } of declarationsOf(bundle)) {
        const known = allowed[fileName.replace(/\.d\.ts$/, "")] ?? [];
        const imported = [...code.matchAll(/from "([^".][^"]*)"/g)].map(([, name]) => name!);
        const foreign = [
          ...imported.filter((name) => !name.startsWith("node:") && !known.includes(name)),
          ...moduleIds.filter((id) => id.includes("node_modules")),
        ];
        if (foreign.length > 0) throw new Error(`${fileName}: public types need ${foreign[0]}; write them out`);
      }
    },
    writeBundle({ dir = "." }: { readonly dir?: string }, bundle: Bundle) {
      const problem = firstProblem(declarationsOf(bundle).map(({ fileName }) => resolve(join(dir, fileName))));
      if (problem) throw new Error(`public types do not compile without those of the browser: ${problem}`);
    },
  };
}

/** What the compiler says first of the declarations, as a program for Node that skips no check sees them. */
function firstProblem(paths: string[]): string | undefined {
  const program = ts.createProgram(paths, {
    target: ts.ScriptTarget.ES2023,
    lib: ["lib.es2023.d.ts"],
    types: ["node"],
    module: ts.ModuleKind.NodeNext,
    strict: true,
    skipLibCheck: false,
    noEmit: true,
  });
  const found = paths.flatMap((path) => program.getSemanticDiagnostics(program.getSourceFile(path)));
  return found[0] && ts.formatDiagnostic(found[0], formatHost).trim();
}

const formatHost: ts.FormatDiagnosticsHost = {
  getCanonicalFileName: (path) => path,
  getCurrentDirectory: () => process.cwd(),
  getNewLine: () => "\n",
};
