import { digits, type Report, type Row } from "./report.ts";

const width = 960;
const labelWidth = 420;
const barHeight = 20;
const gap = 6;
const colours = { ours: "#2563eb", other: "#94a3b8", text: "#0f172a", quiet: "#64748b" };

interface Bar {
  readonly label: string;
  readonly length: number;
  readonly note: string;
  readonly ours: boolean;
}

interface Group {
  readonly title: string;
  readonly bars: readonly Bar[];
}

/** The results as one self-contained picture: how many times longer other engines take, and how near kernels are to their floor. */
export function drawReport(report: Report, format: "svg" | "html"): string {
  const svg = draw(
    [...comparisons(report.rows), floors(report.rows)].filter((group) => group.bars.length > 0),
    report,
  );
  if (format === "svg") return svg;
  return `<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>polymind bench</title></head><body>\n${svg}</body></html>\n`;
}

function comparisons(rows: readonly Row[]): Group[] {
  const names = new Set(rows.filter((row) => row.engine !== "polymind").map((row) => row.name));
  return [...names].map((name) => {
    const measured = rows.filter((row) => row.name === name);
    const ours = measured.find((row) => row.engine === "polymind")!;
    const bars = measured.map((row) => {
      const ratio = row.median_ms / ours.median_ms;
      const time = `${digits(row.median_ms)} ms`;
      const mine = row === ours;
      return {
        label: row.engine,
        length: row.median_ms,
        note: mine ? time : `${time}, ${digits(ratio)} x`,
        ours: mine,
      };
    });
    return { title: `${name}, ${ours.shape}: time of one call`, bars };
  });
}

function floors(rows: readonly Row[]): Group {
  const kernels = rows.filter((row) => row.call_ms !== undefined && row.floor_ms > 0);
  const bars = kernels.map((row) => ({
    label: `${row.name}, ${row.shape}`,
    length: row.share_of_floor,
    note: `${(row.share_of_floor * 100).toFixed(0)} %, ${digits(row.median_ms)} ms`,
    ours: true,
  }));
  return { title: "Kernels: share of the adapter's limit that is reached", bars };
}

function draw(groups: readonly Group[], { machine, adapter, date, commit }: Report): string {
  const parts: string[] = [];
  let y = 24;
  const text = (x: number, content: string, attributes = "") =>
    parts.push(`<text x="${x}" y="${y}" fill="${colours.text}" ${attributes}>${escaped(content)}</text>`);
  text(16, `polymind on ${adapter}`, 'font-size="16" font-weight="bold"');
  y += 20;
  text(16, `${machine}; commit ${commit}; ${date.slice(0, 10)}`, `font-size="11" fill-opacity="0.7"`);
  for (const { title, bars } of groups) {
    y += 36;
    text(16, title, 'font-weight="bold"');
    y += 10;
    const longest = Math.max(...bars.map((bar) => bar.length));
    for (const { label, length, note, ours } of bars) {
      const span = Math.max(1, (length / longest) * (width - labelWidth - 160));
      const fill = ours ? colours.ours : colours.other;
      parts.push(`<rect x="${labelWidth}" y="${y}" width="${span.toFixed(1)}" height="${barHeight}" fill="${fill}"/>`);
      y += 15;
      text(labelWidth - 8, label, 'text-anchor="end"');
      text(labelWidth + span + 6, note);
      y += barHeight - 15 + gap;
    }
  }
  const size = `width="${width}" height="${y + 16}" viewBox="0 0 ${width} ${y + 16}"`;
  const font = 'font-family="system-ui, sans-serif" font-size="12"';
  return `<svg xmlns="http://www.w3.org/2000/svg" ${size} ${font}>\n<rect width="100%" height="100%" fill="white"/>\n${parts.join("\n")}\n</svg>\n`;
}

const escaped = (text: string) => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
