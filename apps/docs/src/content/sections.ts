import type { MarkdownHeading } from "astro";

/** A page's HTML in parts: what comes before the first heading of level 2, and each such heading with its text. */
export interface Sections {
  readonly intro: string;
  readonly sections: readonly string[];
}

export function sectionsOf(html: string): Sections {
  const [intro = "", ...sections] = html.split(/(?=<h2[ >])/);
  return { intro, sections };
}

/** The headings within one section. */
export function headingsIn(
  section: string,
  headings: readonly MarkdownHeading[],
): readonly MarkdownHeading[] {
  const ids = [...section.matchAll(/<h[2-6] id="([^"]+)"/g)].map(([, id]) => id);
  return headings.filter(({ slug }) => ids.includes(slug));
}

/** Without the citation that ends it: the page has a section for that. */
export function withoutCitation(html: string, title: string): string {
  const last = html.lastIndexOf("<p>");
  const text = html
    .slice(last)
    .replace(/<[^>]+>/g, "")
    .replace(/\s+/g, " ");
  const isCitation = last >= 0 && words(text).includes(words(title)) && text.length < 600;
  return isCitation ? html.slice(0, last) : html;
}

/** Letters alone: typography and entities may differ. */
function words(text: string): string {
  return text
    .replace(/&[^;]+;/g, "")
    .toLowerCase()
    .replace(/[^a-z]/g, "");
}
