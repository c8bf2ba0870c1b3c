import { type Bar, type Heat, type Section, sectionsOf } from "./picture-sections.ts";
import type { Report } from "./report.ts";

const width = 960;
const labelWidth = 400;
const barHeight = 18;
const gap = 5;
const colours = { ours: "#2563eb", other: "#94a3b8", text: "#0f172a" };

/** Adds shapes and texts at a height that the caller moves on. */
interface Pen {
  y: number;
  text(x: number, content: string, attributes?: string): void;
  box(x: number, boxWidth: number, height: number, fill: string): void;
}

/** The results as one self-contained picture: other engines beside this one, shares of the floors, and where a training step's time goes. */
export function drawReport(report: Report, format: "svg" | "html"): string {
  const parts: string[] = [];
  const pen: Pen = {
    y: 24,
    text: (x, content, attributes = "") =>
      parts.push(`<text x="${x}" y="${pen.y}" fill="${colours.text}" ${attributes}>${escaped(content)}</text>`),
    box: (x, boxWidth, height, fill) =>
      parts.push(`<rect x="${x}" y="${pen.y}" width="${boxWidth.toFixed(1)}" height="${height}" fill="${fill}"/>`),
  };
  drawTitle(pen, report);
  for (const section of sectionsOf(report.rows)) drawSection(pen, section);
  const size = `width="${width}" height="${pen.y + 16}" viewBox="0 0 ${width} ${pen.y + 16}"`;
  const font = 'font-family="system-ui, sans-serif" font-size="12"';
  const paper = '<rect width="100%" height="100%" fill="white"/>';
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" ${size} ${font}>\n${paper}\n${parts.join("\n")}\n</svg>\n`;
  if (format === "svg") return svg;
  const head = `<head><meta charset="utf-8"><title>polymind bench</title></head>`;
  return `<!doctype html>\n<html lang="en">${head}<body>\n${svg}</body></html>\n`;
}

function drawTitle(pen: Pen, { machine, adapter, date, commit }: Report): void {
  pen.text(16, `polymind on ${adapter}`, 'font-size="16" font-weight="bold"');
  pen.y += 20;
  pen.text(16, `${machine}; commit ${commit}; ${date.slice(0, 10)}`, 'font-size="11" fill-opacity="0.7"');
}

function drawSection(pen: Pen, section: Section): void {
  pen.y += 36;
  pen.text(16, section.title, 'font-weight="bold"');
  pen.y += 10;
  if ("bars" in section) drawBars(pen, section.bars);
  else drawHeat(pen, section);
}

function drawBars(pen: Pen, bars: readonly Bar[]): void {
  const longest = Math.max(...bars.map((bar) => bar.length));
  for (const { label, length, note, ours } of bars) {
    const span = Math.max(1, (length / longest) * (width - labelWidth - 170));
    pen.box(labelWidth, span, barHeight, ours ? colours.ours : colours.other);
    pen.y += 14;
    pen.text(labelWidth - 8, label, 'text-anchor="end"');
    pen.text(labelWidth + span + 6, note);
    pen.y += barHeight - 14 + gap;
  }
}

function drawHeat(pen: Pen, { columns, lines }: Heat): void {
  const left = 250;
  const cell = (width - left - 16) / columns.length;
  const middle = (column: number) => left + (column + 0.5) * cell;
  pen.y += 12;
  for (const [column, title] of columns.entries()) pen.text(middle(column), title, 'text-anchor="middle"');
  pen.y += 6;
  for (const { label, shares } of lines) {
    for (const [column, share] of shares.entries()) {
      if (share !== undefined) pen.box(left + column * cell + 1, cell - 2, barHeight, shade(share));
    }
    pen.y += 14;
    pen.text(left - 8, label, 'text-anchor="end"');
    for (const [column, share] of shares.entries()) {
      if (share !== undefined) pen.text(middle(column), `${(share * 100).toFixed(0)} %`, 'text-anchor="middle"');
    }
    pen.y += barHeight - 14 + 2;
  }
}

/** From white at nothing to a blue that black text is read on. */
const shade = (share: number) => `hsl(217 80% ${(97 - 42 * Math.sqrt(Math.min(1, share))).toFixed(0)}%)`;

const escaped = (text: string) => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
