import { Command, CommanderError } from "commander";
import { PolymindError } from "../errors.ts";
import { compareCommand } from "./compare.ts";
import { demoCommand } from "./demo.ts";
import { evaluateCommand } from "./evaluate.ts";
import { exportCommand } from "./export-command.ts";
import { indexCommand } from "./index-command.ts";
import { interestsCommand } from "./interests.ts";
import type { Io } from "./io.ts";
import { plantedCommand } from "./planted.ts";
import { recommendCommand } from "./recommend.ts";
import { serveCommand } from "./serve.ts";
import { trainCommand } from "./train.ts";
import { tuneCommand } from "./tune.ts";
import { tuneModelCommand } from "./tune-model.ts";

/** Runs the command line `argv` (without node and the script) and returns the exit code. */
export async function run(argv: readonly string[], io: Io): Promise<number> {
  let code = 0;
  const finish = (result: number) => {
    code = result;
  };
  const program = new Command("polymind")
    .description("Multi-interest recommendation: trains, judges and serves MIND on any GPU through WebGPU.")
    .addHelpText("after", "\npolymind COMMAND --help lists all options of a command.");
  for (const create of [
    trainCommand,
    evaluateCommand,
    recommendCommand,
    serveCommand,
    indexCommand,
    exportCommand,
    interestsCommand,
    compareCommand,
    tuneCommand,
    tuneModelCommand,
    plantedCommand,
    demoCommand,
  ])
    program.addCommand(create(io, finish));
  for (const command of withSubcommands(program)) {
    command.exitOverride().configureOutput({
      writeOut: (text) => io.print(text.replace(/\n$/, "")),
      outputError: () => undefined,
      getOutHelpWidth: () => 120,
    });
  }
  try {
    if (argv.length === 0) program.outputHelp();
    else await program.parseAsync(argv, { from: "user" });
    return code;
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return 0;
    io.error(describeError(error));
    if (argv.includes("--verbose") && error instanceof Error && !(error instanceof CommanderError))
      io.error(error.stack ?? "");
    return 1;
  }
}

const withSubcommands = (command: Command): Command[] => [command, ...command.commands.flatMap(withSubcommands)];

function describeError(error: unknown): string {
  const message = (error instanceof Error ? error.message : String(error)).replace(/\s+/g, " ").trim();
  if (error instanceof CommanderError) return `${message}; see --help`;
  if (error instanceof PolymindError) return `error: ${message}`;
  return `error: ${message} (unexpected: --verbose shows where; please report it)`;
}
