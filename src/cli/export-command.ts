import { Command } from "commander";
import { exportOnnxCommand } from "./export-onnx.ts";
import { exportVectorsCommand } from "./export-vectors.ts";
import type { Io } from "./io.ts";

/** `polymind export` */
export function exportCommand(io: Io, finish: (code: number) => void): Command {
  return new Command("export")
    .description("Models in formats that others read.")
    .addCommand(exportVectorsCommand(io, finish))
    .addCommand(exportOnnxCommand(io, finish));
}
