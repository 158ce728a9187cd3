import { h } from "./dom.ts";
import type { View } from "./url-state.ts";

/** What chooses between views of the same numbers. */
export interface ViewTools {
  readonly scale: HTMLElement;
  readonly layer: HTMLElement;
  show(view: View): void;
}

/** Both networks have as many. */
const LAYERS = 3;

/** @param changed - Hears the view after each change by hand. */
export function createViewTools(view: View, changed: (view: View) => void): ViewTools {
  const box = h("input", { type: "checkbox", role: "switch" });
  const list = h("select");
  for (let i = 1; i <= LAYERS; i++)
    list.append(h("option", { value: i }, `Norm ${i} of ${LAYERS}`));
  const read = (): void => {
    view = { scale: box.checked ? "log" : "linear", layer: Number(list.value) };
    changed(view);
  };
  box.addEventListener("change", read);
  list.addEventListener("change", read);
  const show = (next: View): void => {
    view = next;
    box.checked = next.scale === "log";
    list.value = String(Math.min(next.layer, LAYERS));
  };
  show(view);
  return {
    scale: h("label", { class: "ekp-switch" }, box, h("span", {}, "Log scale")),
    layer: h("label", { class: "ekp-field ekp-inline" }, h("span", {}, "Layer"), list),
    show,
  };
}
