export interface Column<Line> {
  readonly title: string;
  readonly cell: (line: Line) => string;
  /** Text stands left, numbers right. */
  readonly text?: boolean;
}

/** Lines of equal width under their titles; a column without any content is left out. */
export function formatTable<Line>(columns: readonly Column<Line>[], lines: readonly Line[]): string {
  const filled = columns.filter(({ cell }) => lines.some((line) => cell(line) !== ""));
  const cells = [filled.map(({ title }) => title), ...lines.map((line) => filled.map(({ cell }) => cell(line)))];
  const widths = filled.map((_, i) => Math.max(...cells.map((line) => line[i]!.length)));
  const align = (text: string, i: number) => (filled[i]!.text ? text.padEnd(widths[i]!) : text.padStart(widths[i]!));
  return cells.map((line) => line.map(align).join("  ").trimEnd()).join("\n");
}
