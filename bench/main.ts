import { readFile, writeFile } from "node:fs/promises";
import { Command, InvalidArgumentError, Option } from "commander";
import type { AdapterChoice } from "../src/device/adapter.ts";
import { differences, slowerThan } from "./against.ts";
import { defaultSizes, type Sizes } from "./kernel-benchmark.ts";
import { warnOfLoad } from "./machine.ts";
import { installPeers } from "./peers/peer.ts";
import { drawReport } from "./picture.ts";
import { formatLimits, formatRows, type Report } from "./report.ts";
import { runSuite } from "./suite.ts";

interface Options {
  readonly only?: RegExp;
  readonly shape?: Sizes;
  readonly adapter: AdapterChoice;
  readonly quick: boolean;
  readonly grid: boolean;
  readonly json?: string;
  readonly against?: string;
  readonly report?: string;
}

const explanation = `
Without --shape and --quick, kernels are also measured with each size alone at the others of L 20, 50, 200; d 32, 64, 128;
K 1, 4, 8; B 1, 256, 4096, as far as the adapter can hold them. What the columns mean: bench/README.md.
Other engines to compare with: ${installPeers}`;

const program = new Command("npm run bench --")
  .description("Times every kernel against the limits of the adapter, and routing against other engines.")
  .option("--only <pattern>", "run what a regular expression matches, such as route or 'matmul|linear'", pattern)
  .option("--shape <B,L,d,K>", "users, behaviours, dimension, interests (default: 256,50,64,4)", shape)
  .addOption(
    new Option("--adapter <name>", "adapter").choices(["auto", "hardware", "software", "swiftshader"]).default("auto"),
  )
  .option("--quick", "fewer samples, one shape, one catalogue: the whole run in under a minute", false)
  .option("--grid", "measure kernels at every combination of sizes; use it with --only", false)
  .option("--json <file>", "write the results")
  .option("--against <file>", "say what became slower since the results of an older --json")
  .option("--report <file>", "draw the results as HTML, or as SVG where the name ends so")
  .addHelpText("after", explanation);
program.showHelpAfterError();
program.parse();

try {
  await main(program.opts<Options>());
} catch (error) {
  console.error(`bench: ${(error as Error).message}`);
  process.exitCode = 1;
}
// Peers keep devices and timers that would hold the process.
process.exit();

async function main(options: Options): Promise<void> {
  const { only, shape: sizes = defaultSizes, adapter, quick, json, against, report: picture } = options;
  const old = against === undefined ? undefined : (JSON.parse(await readFile(against, "utf8")) as Report);
  const settings = {
    grid: options.grid ? "all" : options.shape || quick ? "one" : "axes",
    patience: quick ? { seconds: 0.1, leastSamples: 3 } : { seconds: 1, leastSamples: 5 },
    gridPatience: { seconds: 0.2, leastSamples: 3 },
    trainingPatience: quick ? { seconds: 0.1, leastSamples: 3 } : { seconds: 3, leastSamples: 9 },
    catalogues: quick ? [10_000] : [10_000, 100_000, 1_000_000],
    serviceSeconds: quick ? 5 : 60,
    starts: quick ? 1 : 3,
  } as const;
  const report = await runSuite({ only, sizes, adapter, ...settings }, console.error);
  const origin = `commit ${report.commit}, ${report.date}`;
  console.log([report.machine, report.adapter, origin, formatLimits(report.limits)].join("\n"));
  console.log(warnOfLoad(report.load));
  console.log(formatRows(report.rows));
  for (const line of report.missing) console.log(line);
  if (json !== undefined) await writeFile(json, `${JSON.stringify(report, null, 2)}\n`);
  if (picture !== undefined) await writeFile(picture, drawReport(report, picture.endsWith(".svg") ? "svg" : "html"));
  if (old === undefined) return;
  for (const line of differences(old, report)) console.log(line);
  const slower = slowerThan(old, report.rows);
  console.log(
    slower.length > 0 ? `\nslower than ${old.date}:\n${slower.join("\n")}` : `\nnothing is slower than ${old.date}`,
  );
}

function pattern(text: string): RegExp {
  try {
    return new RegExp(text, "i");
  } catch (error) {
    throw new InvalidArgumentError((error as Error).message);
  }
}

function shape(text: string): Sizes {
  const [batch, length, dimension, interests, ...rest] = text.split(",").map(Number);
  const sizes = { batch, length, dimension, interests };
  if (rest.length > 0 || !Object.values(sizes).every((size) => Number.isInteger(size) && size! >= 1)) {
    throw new InvalidArgumentError("Expected four whole numbers from 1: users, behaviours, dimension, interests.");
  }
  return { ...defaultSizes, ...(sizes as Pick<Sizes, "batch" | "length" | "dimension" | "interests">) };
}
