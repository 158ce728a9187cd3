import type { Failure, Item, TableData } from "./messages.ts";

/** What an item looks like on the page. */
export function itemView(item: Item): HTMLElement {
  if (item.kind === "table") return tableView(item.table);
  if (item.kind === "plot") return plotView(item);
  const line = make("pre", { class: `line ${item.level}`, text: item.text });
  if (item.level !== "log") line.prepend(make("span", { class: "level", text: `${item.level}: ` }));
  return line;
}

/** An error: its name and line, its message, and what to do. */
export function failureView(failure: Failure, showLine?: (line: number) => void): HTMLElement {
  const { name, message, hint, line } = failure;
  const view = make("div", { class: "failure" });
  const head = make("p", {
    class: "name",
    text: line === undefined ? name : `${name} in line ${line}`,
  });
  view.append(head, make("pre", { class: "message", text: message }));
  if (hint) view.append(make("p", { class: "hint", text: hint }));
  if (line !== undefined && showLine) {
    const button = make("button", { type: "button", text: `Go to line ${line}` });
    button.addEventListener("click", () => showLine(line));
    view.append(button);
  }
  return view;
}

function tableView({ caption, columns, rows, numeric, left }: TableData): HTMLElement {
  const table = make("table");
  if (caption) table.append(make("caption", { text: caption }));
  const kind = (i: number): string => (numeric[i] ? "number" : "");
  const head = make("tr");
  columns.forEach((name, i) => {
    const cell =
      name === "" ? make("td") : make("th", { scope: "col", class: kind(i), text: name });
    head.append(cell);
  });
  const body = make("tbody");
  for (const row of rows) {
    const line = make("tr");
    row.forEach((text, i) => {
      const first = columns[i] === "";
      line.append(
        make(first ? "th" : "td", { class: kind(i), text, ...(first && { scope: "row" }) }),
      );
    });
    body.append(line);
  }
  const thead = make("thead");
  thead.append(head);
  table.append(thead, body);
  const label = caption ?? "Table";
  const frame = make("div", {
    class: "scroll",
    role: "region",
    "aria-label": label,
    tabindex: "0",
  });
  frame.append(table);
  if (left > 0) frame.append(make("p", { text: `${left} more rows are not shown.` }));
  return frame;
}

function plotView({ spec }: Item & { kind: "plot" }): HTMLElement {
  const figure = make("figure");
  const place = make("div", { class: "plot", text: "Drawing…" });
  figure.append(make("figcaption", { text: spec.title }), place);
  const draw = async (): Promise<void> => {
    try {
      const { drawPlot } = await import("./draw-plot.ts");
      place.replaceChildren(drawPlot(spec, Math.min(640, place.clientWidth || 640)));
    } catch (error) {
      place.textContent = `It could not be drawn: ${error instanceof Error ? error.message : error}`;
    }
  };
  void draw();
  return figure;
}

/** An element with attributes; `text` is its content. */
export function make<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  { text, ...attributes }: Readonly<Record<string, string>> = {},
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== "") element.setAttribute(name, value);
  }
  if (text !== undefined) element.textContent = text;
  return element;
}

export function button(text: string, kind: string, click: () => void): HTMLButtonElement {
  const made = make("button", { type: "button", class: kind, text });
  made.addEventListener("click", click);
  return made;
}
