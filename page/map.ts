import * as Plot from "@observablehq/plot";
import type { InterestMap, MapModel } from "../src/report/interest-map.ts";
import { tip } from "./chart.ts";
import { choice, element, select } from "./html.ts";
import { thousands } from "./state.ts";

/** What the reader looks at. */
export interface MapView {
  model: number;
  user: number;
}

/** A point of the map for the tip. */
interface Place {
  readonly x: number;
  readonly y: number;
  readonly title: string;
}

/** The items of a log with one user's behaviours and interests among them, and in words beside it. */
export function interestMap(map: InterestMap, view: MapView, width: number, redraw: () => void): HTMLElement {
  const model = map.models[view.model]!;
  const turn = (by: number) => {
    view.user = (view.user + by + map.users.length) % map.users.length;
    redraw();
  };
  const chooseUser = select(
    "User",
    map.users.map(({ id, history }, index) => ({ value: String(index), text: `${id} (${history.length} behaviours)` })),
    String(view.user),
    (value) => {
      view.user = Number(value);
      redraw();
    },
  );
  const chooseModel = choice(
    "Model of the map",
    map.models.map(({ label }, index) => ({ value: index, text: label })),
    view.model,
    (value) => {
      view.model = value;
      redraw();
    },
  );
  const isNarrow = width < 760;
  const mapWidth = isNarrow ? width : Math.round(width * 0.64);
  return element(
    "div",
    {},
    element(
      "div",
      { class: "controls" },
      chooseModel,
      element("button", { type: "button", class: "step", "aria-label": "previous user", click: () => turn(-1) }, "‹"),
      chooseUser,
      element("button", { type: "button", class: "step", "aria-label": "next user", click: () => turn(1) }, "›"),
    ),
    legend(map),
    element(
      "div",
      { class: "map" },
      element("figure", {}, drawMap(map, model, view.user, mapWidth)),
      inWords(map, model, view.user),
    ),
  );
}

const colourOf = (category: number): string => (category < 0 ? "var(--other)" : `var(--colour-${category})`);

function drawMap(map: InterestMap, model: MapModel, userIndex: number, width: number): Element {
  const user = map.users[userIndex]!;
  const { interests } = model.users[userIndex]!;
  const x = (item: number) => model.x[item]!;
  const y = (item: number) => model.y[item]!;
  const every = Array.from(map.items.keys());
  const links = interests.flatMap((interest) =>
    interest.behaviours.map((place) => {
      const item = user.history[place]!;
      return { x1: interest.x, y1: interest.y, x2: x(item), y2: y(item) };
    }),
  );
  const found = interests.flatMap(({ items }) => items);
  const describe = (item: number) => {
    const { title, category, count } = map.items[item]!;
    const roles = [
      ...(user.history.includes(item) ? ["in the history"] : []),
      ...(user.targets.includes(item) ? ["held out"] : []),
      ...interests.flatMap(({ items }, index) => (items.includes(item) ? [`found by interest ${index + 1}`] : [])),
    ];
    const kind = category < 0 ? [] : [map.categories[category]!];
    return [title, [...kind, `${thousands(count)} interactions`].join(", "), roles.join(", ")]
      .filter(Boolean)
      .join("\n");
  };
  const places: Place[] = [
    ...every.map((item) => ({ x: x(item), y: y(item), title: describe(item) })),
    ...interests.map((interest, index) => ({
      ...{ x: interest.x, y: interest.y },
      title: `interest ${index + 1}\nnearest to ${interest.behaviours.length} behaviours`,
    })),
  ];
  const halo = { stroke: "var(--card)", strokeWidth: 1 };
  return Plot.plot({
    width,
    height: Math.round(Math.min(600, width * (width < 600 ? 1.05 : 0.78))),
    margin: 12,
    style: { background: "none", color: "var(--ink)", fontSize: "12px", fontFamily: "inherit" },
    x: { axis: null, domain: [0, 1] },
    y: { axis: null, domain: [0, 1] },
    marks: [
      Plot.dot(every, {
        x,
        y,
        r: every.length < 800 ? 2.8 : 2.2,
        fill: (item: number) => colourOf(map.items[item]!.category),
        fillOpacity: 0.5,
      }),
      Plot.link(links, { x1: "x1", y1: "y1", x2: "x2", y2: "y2", stroke: "var(--ink)", strokeOpacity: 0.3 }),
      Plot.dot(found, { x, y, r: 6, stroke: "var(--ink)", strokeWidth: 1.2, strokeOpacity: 0.8 }),
      Plot.dot(user.history, {
        ...{ x, y, r: 5, fill: (item: number) => colourOf(map.items[item]!.category) },
        ...{ stroke: "var(--ink)", strokeWidth: 1.4 },
      }),
      Plot.dot(user.targets, { x, y, r: 7, symbol: "times", stroke: "var(--card)", strokeWidth: 6 }),
      Plot.dot(user.targets, { x, y, r: 7, symbol: "times", stroke: "var(--accent)", strokeWidth: 3 }),
      Plot.dot(interests, { x: "x", y: "y", r: 11, fill: "var(--ink)", ...halo }),
      Plot.text(interests, {
        ...{ x: "x", y: "y", text: (_: unknown, index: number) => `${index + 1}` },
        ...{ fill: "var(--card)", fontWeight: 700, fontSize: 13 },
      }),
      tip(places, ({ title }) => title),
    ],
  });
}

function legend({ categories, items }: InterestMap): HTMLElement {
  const hasOther = items.some(({ category }) => category < 0);
  const kinds = categories.map((name, index) => ({ name, colour: colourOf(index) }));
  const shown = hasOther && kinds.length > 0 ? [...kinds, { name: "other", colour: colourOf(-1) }] : kinds;
  const entry = (mark: Node, text: string) => element("span", {}, mark, text);
  return element(
    "div",
    { class: "legend" },
    ...shown.map(({ name, colour }) => entry(element("i", { class: "dot", style: `background:${colour}` }), name)),
    entry(element("i", { class: "dot behaviour" }), "behaviour"),
    entry(element("i", { class: "dot found" }), "found by an interest"),
    entry(element("b", { class: "interest" }, "1"), "interest"),
    entry(element("b", { class: "target" }, "×"), "held out"),
  );
}

/** What each interest gathers and finds. */
function inWords(map: InterestMap, model: MapModel, userIndex: number): HTMLElement {
  const user = map.users[userIndex]!;
  const name = (item: number) => {
    const { title, category } = map.items[item]!;
    const isTarget = user.targets.includes(item);
    const dot = element("i", { class: "dot", style: `background:${colourOf(category)}` });
    return element("li", isTarget ? { class: "hit" } : {}, dot, isTarget ? `${title} (held out)` : title);
  };
  const parts = model.users[userIndex]!.interests.map(({ items, behaviours }, index) => {
    const latest = behaviours.toReversed().slice(0, 4);
    const more =
      behaviours.length > latest.length
        ? [element("li", { class: "more" }, `and ${behaviours.length - latest.length} more`)]
        : [];
    const own = latest.map((place) => name(user.history[place]!));
    return element(
      "section",
      {},
      element(
        "h3",
        {},
        element("b", { class: "interest" }, String(index + 1)),
        `nearest to ${behaviours.length} of ${user.history.length} behaviours`,
      ),
      element("ul", {}, ...own, ...more),
      element("h4", {}, "finds"),
      element("ul", {}, ...items.slice(0, 5).map(name)),
    );
  });
  const targets = element(
    "section",
    {},
    element("h3", {}, element("b", { class: "target" }, "×"), "held out"),
    element("ul", {}, ...user.targets.slice(0, 5).map(name)),
  );
  return element("div", { class: "words" }, targets, ...parts);
}
