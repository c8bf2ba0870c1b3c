import { expect, test } from "vitest";
import { differences, slowerThan } from "../../bench/against.ts";
import { formatRows, partsOf, type Report, type Row, withFloor, withoutFloor } from "../../bench/report.ts";

const limits = { bytes_per_second: 1e9, flops_per_second: 1e10, launch_ms: 0.01, empty_call_ms: 0.2 };
const measured = { name: "route forward", engine: "polymind", shape: "256 x 50 x 64", clock: "device" } as const;
const row = (median_ms: number, spread = 0.1): Row =>
  withFloor(limits, { ...measured, median_ms, spread, flops: 1e7, bytes: 3e6 });
const report = (rows: readonly Row[]): Report => ({
  machine: "a machine",
  load: 0,
  adapter: "an adapter",
  date: "2026-11-01T00:00:00.000Z",
  commit: "abc",
  limits: { ...limits },
  rows,
  missing: [],
});

test("a floor is the larger of what the bytes and what the flops need, and names it", () => {
  const timing = { ...measured, median_ms: 10, spread: 0 };
  expect(withFloor(limits, { ...timing, bytes: 3e6, flops: 1e7 })).toMatchObject({
    floor_ms: 3,
    share_of_floor: 0.3,
    limit: "bytes",
  });
  expect(withFloor(limits, { ...timing, bytes: 3e6, flops: 5e7 })).toMatchObject({ floor_ms: 5, limit: "flops" });
});

test("work that takes less time than a launch is limited by the launch; its floor stays that of the work", () => {
  const tiny = { ...measured, median_ms: 0.02, spread: 0, bytes: 5000, flops: 0 };
  expect(withFloor(limits, tiny)).toMatchObject({ floor_ms: 0.005, limit: "launch" });
  expect(withFloor(limits, { ...tiny, bytes: 100_000 }, limits.empty_call_ms)).toMatchObject({ limit: "launch" });
  expect(withFloor(limits, { ...tiny, bytes: 20_000 })).toMatchObject({ floor_ms: 0.02, limit: "bytes" });
});

test("parts come longest first, with shares of their sum or of a given whole", () => {
  const times = new Map([
    ["short", 1],
    ["long", 3],
  ]);
  expect(partsOf(times)).toEqual([
    { name: "long", ms: 3, share: 0.75 },
    { name: "short", ms: 1, share: 0.25 },
  ]);
  expect(partsOf(times, 8).map(({ share }) => share)).toEqual([0.375, 0.125]);
  expect(partsOf(new Map([["nothing", 0]]))).toEqual([{ name: "nothing", ms: 0, share: 0 }]);
});

test("the table has lines of equal columns and leaves out what no row has", () => {
  const [titles, first, second] = formatRows([row(10), { ...row(4), name: "squash" }]).split("\n");
  expect(titles).not.toContain("samples/s");
  expect(titles).not.toContain("one call ms");
  for (const line of [first, second]) expect(line!.indexOf("polymind")).toBe(titles!.indexOf("engine"));
  expect(first).toMatch(/10\.00 +0\.1000 +device +10\.00 +3\.00 +3\.00 +30 % +bytes$/);
});

test("the parts of a row are printed under the table, what is beyond the twelfth kernel as one", () => {
  const kernels = partsOf(new Map(Array.from({ length: 15 }, (_, i) => [`kernel${i}`, 1])));
  const lines = formatRows([{ ...row(10), kernels, host: [{ name: "upload", ms: 0.5, share: 0.05 }] }]).split("\n");
  expect(lines.filter((line) => /^kernel\d/.test(line))).toHaveLength(12);
  expect(lines.find((line) => line.startsWith("3 others"))).toMatch(/3\.00 +20 %$/);
  expect(lines.find((line) => line.startsWith("upload"))).toMatch(/0\.5000 +5 %$/);
});

test("a row without a floor prints none", () => {
  const start = withoutFloor({
    name: "start, cold",
    engine: "polymind",
    shape: "",
    median_ms: 900,
    spread: 5,
    clock: "host",
  });
  expect(start).toMatchObject({ floor_ms: 0, share_of_floor: 0, flops: 0, bytes: 0 });
  expect(formatRows([start])).not.toContain("%");
});

test.each([
  ["within a tenth", row(10), row(10.9), 0],
  ["within both spreads", row(10, 3), row(15, 3), 0],
  ["beyond both", row(10), row(11.3), 1],
  ["faster", row(10), row(5), 0],
  ["by another clock", row(10), { ...row(30), clock: "host" } as Row, 0],
  ["of another shape", row(10), { ...row(30), shape: "other" }, 0],
])("a row that is %s is told apart from noise", (_, was, now, count) => {
  expect(slowerThan(report([was]), [now])).toHaveLength(count);
});

test("what became slower is said with both times and their ratio", () => {
  expect(slowerThan(report([row(10)]), [row(20)])).toEqual([
    "route forward | polymind | 256 x 50 x 64: 10.00 -> 20.00 ms, 2.00 times as long",
  ]);
});

test("a report of another adapter is announced as such", () => {
  const old = report([]);
  expect(differences(old, old)).toEqual([]);
  expect(differences(old, { ...old, adapter: "another one" })).toEqual([
    "another adapter: an adapter, now another one",
  ]);
});
