/** Text made safe to stand between tags or inside a quoted attribute. */
export function escapeHtml(text: string | number): string {
  const entities: Record<string, string> = {
    "&": "&amp;",
    "<": "&lt;",
    ">": "&gt;",
    '"': "&quot;",
    "'": "&#39;",
  };
  return String(text).replace(/[&<>"']/g, (character) => entities[character]!);
}

/** `<tag>escaped text</tag>`. */
export function element(tag: string, text: string | number): string {
  return `<${tag}>${escapeHtml(text)}</${tag.split(" ", 1)[0]}>`;
}
