import { make } from "../runner/view.ts";
import type { CallWords } from "./messages.ts";
import { figure, type Row, type Tally, verdictOf } from "./tally.ts";

/** The figures so far; dots stand for what is not known yet, dashes for what nobody asked for yet. */
export class FiguresTable {
  readonly view: HTMLElement;
  private readonly body = make("tbody");

  constructor() {
    const table = make("table", { class: "figures" });
    const head = make("tr");
    ["Checked", "Largest error", "Tolerance", "Calls", "Verdict"].forEach((text, i) => {
      head.append(make("th", { scope: "col", text, class: i > 0 && i < 4 ? "number" : "" }));
    });
    const thead = make("thead");
    thead.append(head);
    table.append(thead, this.body);
    this.view = scrolling(table, "Figures");
  }

  show(tally: Tally, calls: number, asked: boolean): void {
    const rows = [tally.reference, ...tally.orders];
    this.body.replaceChildren(...rows.map((row) => line(row, calls, asked)));
  }
}

function line(row: Row, calls: number, asked: boolean): HTMLElement {
  const kink = row.error === undefined && row.kinks > 0;
  const texts = [
    kink ? "–" : figure(row.error),
    row.tolerance?.toExponential(0) ?? "…",
    `${row.checked} of ${calls || "…"}`,
    verdictOf(row, calls) || "…",
  ];
  const tr = make("tr");
  tr.append(make("th", { scope: "row", text: row.name }));
  texts.forEach((text, i) => {
    const verdict = row.wrong > 0 ? "bad" : "good";
    tr.append(
      make("td", { class: i < 3 ? "number" : asked ? verdict : "", text: asked ? text : "–" }),
    );
  });
  return tr;
}

/** A row for each call, whose cells are filled as figures arrive. */
export class CallsTable {
  readonly view: HTMLElement;
  private readonly rows: readonly (readonly HTMLElement[])[];

  constructor(calls: readonly CallWords[], order: number) {
    const names = ["Reference", "Order 1", "Order 2", "Order 3"].slice(0, 1 + order);
    const table = make("table");
    const head = make("tr");
    for (const text of ["Options", "Mode"]) head.append(make("th", { scope: "col", text }));
    for (const text of names) head.append(make("th", { scope: "col", class: "number", text }));
    const body = make("tbody");
    this.rows = calls.map(({ options, mode }) => {
      const tr = make("tr");
      const cells = names.map(() => make("td", { class: "number", text: "…" }));
      tr.append(make("th", { scope: "row", class: "mono", text: options || "none" }));
      tr.append(make("td", { text: mode || "–" }), ...cells);
      body.append(tr);
      return cells;
    });
    const thead = make("thead");
    thead.append(head);
    table.append(thead, body);
    this.view = scrolling(table, "Every call");
  }

  /** @param column - 0 for the reference, else the order. */
  fill(call: number, column: number, text: string, good: boolean): void {
    const cell = this.rows[call]?.[column];
    if (!cell) return;
    cell.textContent = text;
    cell.classList.toggle("bad", !good);
  }
}

function scrolling(table: HTMLElement, label: string): HTMLElement {
  const frame = make("div", {
    class: "scroll",
    role: "region",
    "aria-label": label,
    tabindex: "0",
  });
  frame.append(table);
  return frame;
}
