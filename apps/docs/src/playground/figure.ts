import { h } from "./dom.ts";

/** A chart with its title. */
export interface Figure {
  readonly element: HTMLElement;
  /** A description stands for the drawing where it is not seen. */
  draw(description: string, make: (width: number) => Element): void;
  clear(words: string): void;
}

export function figure(title: string, ...tools: readonly Node[]): Figure {
  const canvas = h("div", { class: "ekp-canvas" });
  const caption = h("figcaption", {}, h("span", {}, title), ...tools);
  return {
    element: h("figure", { class: "ekp-figure" }, caption, canvas),
    draw(description, make) {
      const drawing = make(Math.max(200, Math.floor(canvas.clientWidth)));
      nameParts(drawing);
      drawing.setAttribute("role", "img");
      drawing.setAttribute("aria-label", `${title}. ${description}`);
      canvas.replaceChildren(drawing);
    },
    clear(words) {
      canvas.replaceChildren(h("p", { class: "ekp-empty" }, words));
    },
  };
}

/** Plot labels its groups, which may have no labels; only styles need to know which is which. */
function nameParts(drawing: Element): void {
  for (const group of drawing.querySelectorAll("[aria-label]")) {
    group.setAttribute("data-part", group.getAttribute("aria-label") ?? "");
    group.removeAttribute("aria-label");
    group.removeAttribute("aria-description");
  }
}
