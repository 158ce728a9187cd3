/** The custom elements of the site; a page loads those that it has. */
const elements: Readonly<Record<string, () => Promise<unknown>>> = {
  "ek-example": () => import("./runner/element.ts"),
  "ek-proof": () => import("./proof/element.ts"),
  "ek-playground": () => import("./playground/element.ts"),
  "ek-sharing": () => import("./sharing/element.ts"),
};

for (const [name, load] of Object.entries(elements)) {
  if (document.querySelector(name) !== null) void load();
}

// What can be read on the search button is its name; where there is no room, content.css hides the words from the eye.
for (const button of document.querySelectorAll("button[data-open-modal]")) {
  button.querySelector("span")?.removeAttribute("aria-hidden");
  button.removeAttribute("aria-label");
}
