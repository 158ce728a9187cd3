import type { Choice } from "./catalogue.ts";
import { h } from "./dom.ts";
import { MOST_NORMS } from "./settings.ts";

/** Boxes to tick, family by family, with a search over names, ids and what the norms do. */
export interface NormList {
  readonly element: HTMLElement;
  show(norms: readonly string[]): void;
  offer(choices: readonly Choice[]): void;
}

interface Row {
  readonly choice: Choice;
  readonly element: HTMLElement;
  readonly box: HTMLInputElement;
}

export function createNormList(ticked: (id: string, on: boolean) => void): NormList {
  const search = h("input", {
    type: "search",
    placeholder: "Search",
    "aria-label": "Search norms",
  });
  const found = h("p", { class: "ekp-found", role: "status" });
  const label = { role: "group", "aria-label": "All norms" };
  const groups = h("div", { class: "ekp-groups", tabindex: 0, ...label });
  let rows: readonly Row[] = [];
  const filter = (): void => {
    const shown = filterRows(rows, search.value);
    for (const group of groups.children as HTMLCollectionOf<HTMLElement>) {
      group.hidden = group.querySelector("label:not([hidden])") === null;
    }
    found.textContent = search.value ? `${shown} found` : `Up to ${MOST_NORMS} of ${rows.length}`;
  };
  search.addEventListener("input", filter);
  return {
    element: h("div", { class: "ekp-list" }, search, found, groups),
    show(norms) {
      for (const { choice, box } of rows) {
        box.checked = norms.includes(choice.id);
        const full = norms.length >= MOST_NORMS && !box.checked;
        box.disabled = full || (norms.length === 1 && box.checked);
      }
    },
    offer(choices) {
      rows = choices.map((choice) => rowOf(choice, ticked));
      groups.replaceChildren(...familiesOf(rows));
      filter();
    },
  };
}

function rowOf(choice: Choice, ticked: (id: string, on: boolean) => void): Row {
  const box = h("input", { type: "checkbox", value: choice.id });
  box.addEventListener("change", () => ticked(choice.id, box.checked));
  const element = h("label", { title: choice.summary }, box, h("span", {}, choice.label));
  return { choice, element, box };
}

function familiesOf(rows: readonly Row[]): HTMLElement[] {
  const families = [...new Set(rows.map(({ choice }) => choice.family))];
  return families.map((family) => {
    const own = rows.filter(({ choice }) => choice.family === family);
    return h("fieldset", {}, h("legend", {}, family), ...own.map(({ element }) => element));
  });
}

/** Hides what has not the words; how many are left. */
function filterRows(rows: readonly Row[], words: string): number {
  const wanted = words.trim().toLowerCase();
  for (const { choice, element } of rows) {
    const { id, label, family, summary } = choice;
    element.hidden = !`${id} ${label} ${family} ${summary}`.toLowerCase().includes(wanted);
  }
  return rows.filter(({ element }) => !element.hidden).length;
}
