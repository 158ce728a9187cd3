import katex from "katex";

/** Presentation MathML, made when the site is built: the page needs neither script nor font for it. */
export function mathml(
  tex: string,
  { display = true }: { readonly display?: boolean } = {},
): string {
  return katex
    .renderToString(tex, {
      output: "mathml",
      displayMode: display,
      throwOnError: true,
      strict: "error",
    })
    .replace(/^<span class="katex">|<\/span>$/g, "");
}

const marked = /<!-- tex\n([\s\S]*?)-->\n+((?:(?: {4}.*)?\n)*(?: {4}.*\n))/g;

/**
 * The comment `<!-- tex … -->` before an indented formula is the same formula in TeX, one line a row. The page shows
 * that in place of the text.
 */
export function typesetFormulas(markdown: string): string {
  return markdown.replace(marked, (_, tex: string) => `${formula(tex)}\n`);
}

/** The formulas of a page in TeX. */
export function formulasOf(markdown: string): readonly string[] {
  return [...markdown.matchAll(marked)].map(([, tex]) => (tex ?? "").trim());
}

function formula(tex: string): string {
  const rows = tex.trim().split("\n");
  const aligned = rows.map((row) => row.trim()).join("\\\\[0.6em]\n");
  const whole =
    rows.length === 1 && !aligned.includes("&")
      ? aligned
      : `\\begin{aligned}\n${aligned}\n\\end{aligned}`;
  return `<div class="ek-formula not-content" role="group" aria-label="Formula" tabindex="0">${mathml(whole).replaceAll("\n", " ")}</div>`;
}
