import { readFile, writeFile } from "node:fs/promises";
import { Command, InvalidArgumentError, Option } from "commander";
import type { AdapterChoice } from "../src/device/adapter.ts";
import { defaultSizes, type Sizes } from "./kernel-benchmark.ts";
import { warnOfLoad } from "./machine.ts";
import { drawReport } from "./picture.ts";
import { formatLimits, formatTable, type Report, slowerThan } from "./report.ts";
import { runSuite } from "./suite.ts";

interface Options {
  readonly only?: RegExp;
  readonly shape?: Sizes;
  readonly adapter: AdapterChoice;
  readonly quick: boolean;
  readonly json?: string;
  readonly against?: string;
  readonly report?: string;
}

const explanation = `
Limits come first: what a copying and a multiply-adding kernel reach on the adapter. A row's floor is the time its least
bytes or flops need at those rates, the larger; "of floor" is floor / median and passes 100 % where a cache serves it.
Kernel rows: median per run of several runs queued, inputs on the device; beside it one run with the wait for the device.
Routing rows: one call whose results are read back, the same for every engine. Outputs are compared with the CPU reference
before anything is timed; a difference is an error.`;

const program = new Command("npm run bench --")
  .description("Times every kernel against the limits of the adapter, and routing against other engines.")
  .option("--only <pattern>", "run what a regular expression matches, such as route or 'matmul|linear'", pattern)
  .option("--shape <B,L,d,K>", "users, behaviours, dimension, interests (default: 256,50,64,4)", shape)
  .addOption(
    new Option("--adapter <name>", "adapter").choices(["auto", "hardware", "software", "swiftshader"]).default("auto"),
  )
  .option("--quick", "fewer samples: the whole run in under a minute", false)
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

async function main({
  only,
  shape: sizes = defaultSizes,
  adapter,
  quick,
  json,
  against,
  report: picture,
}: Options): Promise<void> {
  const old = against === undefined ? undefined : (JSON.parse(await readFile(against, "utf8")) as Report);
  const patience = quick ? { seconds: 0.1, leastSamples: 3 } : { seconds: 1, leastSamples: 5 };
  const report = await runSuite({ only, sizes, adapter, patience }, console.error);
  const origin = `commit ${report.commit}, ${report.date}`;
  console.log([report.machine, report.adapter, origin, formatLimits(report.limits)].join("\n"));
  console.log(warnOfLoad(report.load));
  console.log(formatTable(report.rows));
  for (const line of report.missing) console.log(line);
  if (json !== undefined) await writeFile(json, `${JSON.stringify(report, null, 2)}\n`);
  if (picture !== undefined) await writeFile(picture, drawReport(report, picture.endsWith(".svg") ? "svg" : "html"));
  if (old === undefined) return;
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
