import { expect, test } from "vitest";
import { defaultSizes, type Sizes } from "../../bench/kernel-benchmark.ts";
import { drawReport } from "../../bench/picture.ts";
import { sectionsOf } from "../../bench/picture-sections.ts";
import { type Report, type Row, withFloor, withoutFloor } from "../../bench/report.ts";

const limits = { bytes_per_second: 1e9, flops_per_second: 1e10, launch_ms: 0.01, empty_call_ms: 0.2 };
const kernel = (name: string, sizes: Sizes, median_ms: number): Row =>
  withFloor(limits, {
    name,
    engine: "polymind",
    shape: Object.values(sizes).join(),
    sizes,
    median_ms,
    spread: 0,
    clock: "device",
    flops: 0,
    bytes: 1e6,
  });
const call = (engine: string, median_ms: number): Row =>
  withoutFloor({ name: "routing forward", engine, shape: "256 x 50", median_ms, spread: 0, clock: "host" });

test("engines stand beside each other with ratios to this one", () => {
  const [section] = sectionsOf([call("polymind", 4), call("<peer> & co", 10)]);
  expect(section).toMatchObject({
    title: "routing forward, 256 x 50: time of one call",
    bars: [
      { label: "polymind", note: "4.00 ms", ours: true },
      { label: "<peer> & co", note: "10.00 ms, 2.50 x", ours: false },
    ],
  });
});

test("the grid has a column for each other size in order, and no cell where a kernel was not measured", () => {
  const rows = [
    kernel("squash forward", defaultSizes, 2),
    kernel("squash forward", { ...defaultSizes, batch: 4096 }, 4),
    kernel("route forward", defaultSizes, 5),
    kernel("route forward", { ...defaultSizes, length: 200 }, 10),
    kernel("route forward", { ...defaultSizes, length: 20 }, 2.5),
    kernel("route forward", { ...defaultSizes, length: 20, batch: 1 }, 2.5),
  ];
  const heat = sectionsOf(rows).find((section) => "columns" in section);
  expect(heat).toMatchObject({
    columns: ["as above", "L 20", "L 200", "B 4096"],
    lines: [
      { label: "squash forward", shares: [0.5, undefined, undefined, 0.25] },
      { label: "route forward", shares: [0.2, 0.4, 0.1, undefined] },
    ],
  });
});

test("the picture is one well-formed document, with names as text", () => {
  const report: Report = {
    machine: "2 x CPU <fast>",
    load: 0,
    adapter: "an adapter",
    date: "2026-11-01T00:00:00.000Z",
    commit: "abc",
    limits,
    rows: [call("polymind", 4), call("<peer> & co", 10), kernel("squash forward", defaultSizes, 2)],
    missing: [],
  };
  const svg = drawReport(report, "svg");
  expect(svg).toContain("&lt;peer&gt; &amp; co");
  expect(svg).not.toContain("<peer>");
  expect(svg.match(/NaN|undefined|Infinity/)).toBeNull();
  expect(svg.match(/<text /g)).toHaveLength(svg.match(/<\/text>/g)!.length);
  expect(drawReport(report, "html")).toContain(svg);
});
