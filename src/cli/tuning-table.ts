import type { TunedOp } from "../device/tuner.ts";
import type { FamilyResult } from "../device/tuner-contest.ts";
import type { NodeFamilies } from "../graph/program.ts";
import { createTable } from "./metrics-table.ts";

/** Each op with its families, fastest first; the chosen one is marked, and so is where it is not the adapter's standard. */
export function describeTuning(report: readonly TunedOp[]): string[] {
  const table = createTable(["op", "shapes", "nodes", "kernels", "ms", ""]);
  const refusals: string[] = [];
  for (const { op, shapes, nodes, families, standard, chosen } of report) {
    for (const [index, family] of families.toSorted(byTime).entries()) {
      const { name, milliseconds, refused } = family;
      const first = index === 0 ? [op, shapes, nodes] : ["", "", ""];
      const marks = [
        ...(name === standard ? ["standard"] : []),
        ...(name === chosen ? ["chosen"] : []),
        ...(refused === undefined ? [] : ["refused"]),
      ];
      table.push([...first, name, milliseconds === undefined ? "-" : showMilliseconds(milliseconds), marks.join(", ")]);
      if (refused !== undefined) refusals.push(`refused: ${name} of ${op} ${shapes}: ${refused}`);
    }
  }
  return [table.toString(), ...refusals, summary(report)];
}

const timeOf = ({ milliseconds = Number.POSITIVE_INFINITY }: FamilyResult): number => milliseconds;
const byTime = (a: FamilyResult, b: FamilyResult): number => Math.sign(timeOf(a) - timeOf(b)) || 0;

const showMilliseconds = (milliseconds: number): string => milliseconds.toPrecision(3);

function summary(report: readonly TunedOp[]): string {
  const changed = report.filter(({ standard, chosen }) => standard !== chosen);
  if (changed.length === 0) return "the standard kernels of this adapter are the best for all of these ops";
  const saved = changed.reduce((sum, { families, nodes, standard, chosen }) => {
    const timeBy = (wanted: string) => families.find(({ name }) => name === wanted)?.milliseconds;
    return sum + nodes * ((timeBy(standard) ?? 0) - (timeBy(chosen) ?? 0));
  }, 0);
  const gain = saved > 0 ? `, which saves about ${showMilliseconds(saved)} ms a step` : "";
  return `other kernels than the standard ones are chosen for ${changed.length} of ${report.length} ops${gain}`;
}

/** How many ops of a step the tuned choices serve; those that update parameters are never tuned. */
export function describeTuned(families: readonly NodeFamilies[]): string {
  const several = families.filter(({ node, supported }) => supported.length > 1 && !node.op.updates);
  const picked = several.filter((node) => node.picked).length;
  if (picked > 0) return `tuned kernels for ${picked} of the ${several.length} ops that have several families of them`;
  return "note: what was tuned fits none of these ops and shapes: run npx polymind tune with the same options";
}
