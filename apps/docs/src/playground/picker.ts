import type { Choice } from "./catalogue.ts";
import { h } from "./dom.ts";
import { createNormList } from "./norm-list.ts";
import { seriesOf, swatch } from "./series.ts";
import { MOST_NORMS } from "./settings.ts";

/** The chosen norms, and the list to choose them from. */
export interface Picker {
  readonly element: HTMLElement;
  show(norms: readonly string[]): void;
  offer(choices: readonly Choice[]): void;
}

/** @param changed - Hears the norms after each change by hand; there is always one. */
export function createPicker(changed: (norms: readonly string[]) => void): Picker {
  let norms: readonly string[] = [];
  let choices: readonly Choice[] = [];
  const chosen = h("ul", { class: "ekp-chosen", "aria-label": "Chosen norms" });
  const count = h("span", {});
  const list = createNormList((id, on) => {
    changed(on ? [...norms, id] : norms.filter((norm) => norm !== id));
  });
  const labelOf = (id: string): string => choices.find((choice) => choice.id === id)?.label ?? id;
  const show = (): void => {
    chosen.replaceChildren(
      ...seriesOf(norms, labelOf).map((series) =>
        h("li", {}, swatch(series), h("span", {}, series.label)),
      ),
    );
    count.textContent = ` (${norms.length} of ${MOST_NORMS})`;
    list.show(norms);
  };
  const summary = h("summary", {}, "Choose norms", count);
  return {
    element: h(
      "div",
      { class: "ekp-picker" },
      h("p", { class: "ekp-legend" }, "Norms"),
      chosen,
      h("details", {}, summary, list.element),
    ),
    show(next) {
      norms = next;
      show();
    },
    offer(next) {
      choices = next;
      list.offer(next);
      show();
    },
  };
}
