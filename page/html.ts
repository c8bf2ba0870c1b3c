type Child = Node | string;

/** An element with attributes, listeners (functions) and children. */
export function element<Name extends keyof HTMLElementTagNameMap>(
  name: Name,
  attributes: Readonly<Record<string, string | boolean | ((event: Event) => void)>> = {},
  ...children: readonly Child[]
): HTMLElementTagNameMap[Name] {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (typeof value === "function") made.addEventListener(key, value);
    else if (value !== false) made.setAttribute(key, value === true ? "" : value);
  }
  made.append(...children);
  return made;
}

/** Buttons of which one is pressed. */
export function choice<Value>(
  label: string,
  options: readonly { readonly value: Value; readonly text: string }[],
  chosen: Value,
  onChoose: (value: Value) => void,
): HTMLElement {
  const buttons = options.map(({ value, text }) =>
    element("button", { type: "button", "aria-pressed": String(value === chosen), click: () => onChoose(value) }, text),
  );
  return element("div", { class: "choice", role: "group", "aria-label": label }, ...buttons);
}

export function select(
  label: string,
  options: readonly { readonly value: string; readonly text: string }[],
  chosen: string,
  onChoose: (value: string) => void,
): HTMLElement {
  const list = element("select", { change: (event) => onChoose((event.target as HTMLSelectElement).value) });
  for (const { value, text } of options) list.append(element("option", { value, selected: value === chosen }, text));
  return element("label", { class: "select" }, element("span", {}, label), list);
}

/** A chart with a title and a sentence that says how to read it. */
export function card(title: string, caption: string, chart: Node, isWide = false): HTMLElement {
  return element(
    "section",
    { class: isWide ? "card wide" : "card" },
    element("h2", {}, title),
    element("p", { class: "caption" }, caption),
    chart,
  );
}
