import { element } from "./html.ts";
import type { DrawnModel } from "./state.ts";

/** All options of all models; where they differ, they stand out. */
export function optionsTable(models: readonly DrawnModel[]): HTMLElement {
  const all = models.map(({ options, training }) => ({ ...options, ...training }) as Readonly<Record<string, unknown>>);
  const keys = [...new Set(all.flatMap(Object.keys))];
  const flag = (key: string) => `--${key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
  const write = (value: unknown) =>
    Array.isArray(value) ? value.join(",") || "none" : value === undefined ? "–" : String(value);
  const rows = keys.map((key) => {
    const values = all.map((options) => write(options[key]));
    const differs = new Set(values.filter((value) => value !== "–")).size > 1;
    return element(
      "tr",
      {},
      element("th", { scope: "row" }, flag(key)),
      ...values.map((value) => element("td", differs ? { class: "differs" } : {}, value)),
    );
  });
  const head = element(
    "tr",
    {},
    element("th", { scope: "col" }, ""),
    ...models.map(({ label }) => element("th", { scope: "col" }, label)),
  );
  const table = element("table", { class: "options" }, element("thead", {}, head), element("tbody", {}, ...rows));
  return element(
    "details",
    {},
    element("summary", {}, `${keys.length} options`),
    element("div", { class: "scroll", tabindex: "0" }, table),
  );
}
