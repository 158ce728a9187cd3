import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Loader, LoaderContext } from "astro/loaders";
import { embedExamples, exampleBlock } from "./embed.ts";
import { generated, type PackageFacts, readFacts } from "./facts.ts";
import { exists, type MarkdownFile, readMarkdown, root } from "./files.ts";
import { referenceLinks, siteLinks } from "./links.ts";
import { type Place, places } from "./site-map.ts";
import { typesetFormulas } from "./tex.ts";

/** Markdown of the repository, made fit for the site. */
export function siteMarkdown({ body, path }: MarkdownFile): string {
  return siteLinks(embedExamples(typesetFormulas(body), path), path);
}

/** The guides, the pages of docs/, the instruments and the reference of each package. */
export function pagesLoader(): Loader {
  return {
    name: "pages",
    async load(context) {
      context.store.clear();
      for (const place of places()) await loadPlace(context, place);
      for (const one of readFacts().packages) await loadReference(context, one);
      const paths = places().map(({ path }) => path);
      watch(context, paths, async (path) => {
        const place = places().find((one) => one.path === path);
        if (place !== undefined) await loadPlace(context, place);
      });
    },
  };
}

async function loadPlace(context: LoaderContext, place: Place): Promise<void> {
  const { path, slug, example } = place;
  const file = readMarkdown(path);
  const program = example && exists(example) ? `\n## Example\n\n${exampleBlock(example)}` : "";
  await loadPage(context, { ...file, slug, markdown: siteMarkdown(file) + program });
}

/** What a package's README says, and what its comments say of every export. */
async function loadReference(
  context: LoaderContext,
  { short, folder }: PackageFacts,
): Promise<void> {
  const path = `${folder}/README.md`;
  const readme = readMarkdown(path);
  const file = join(generated, "api", `${short}.md`);
  const reference = existsSync(file) ? referenceLinks(readFileSync(file, "utf8")) : "";
  const markdown = `${siteMarkdown(readme)}\n\n${reference}`;
  await loadPage(context, { ...readme, slug: `api/${short}`, markdown });
}

interface Page {
  readonly path: string;
  readonly slug: string;
  readonly title: string;
  readonly description: string;
  readonly markdown: string;
}

async function loadPage(context: LoaderContext, page: Page): Promise<void> {
  const { path, slug, title, description, markdown } = page;
  const data = await context.parseData({ id: slug, data: { title, description, editUrl: false } });
  const rendered = await renderPage(context, path, markdown);
  const digest = context.generateDigest(markdown);
  context.store.set({ id: slug, data, body: markdown, rendered, digest });
}

/** HTML whose tables scroll by themselves where they are too wide, by keyboard too. */
export async function renderPage(
  context: LoaderContext,
  path: string,
  markdown: string,
): ReturnType<LoaderContext["renderMarkdown"]> {
  const fileURL = pathToFileURL(join(root, path));
  const { html, metadata } = await context.renderMarkdown(markdown, { fileURL });
  const open = '<div class="ek-scroll" role="group" aria-label="Table" tabindex="0"><table>';
  const tables = html.replaceAll("<table>", open).replaceAll("</table>", "</table></div>");
  return { html: mendAnchors(tables), metadata: metadata ?? {} };
}

/** TypeDoc counts some names twice that have one heading: "#name-1" where only "#name" is. */
function mendAnchors(html: string): string {
  const ids = new Set([...html.matchAll(/\sid="([^"]+)"/g)].map(([, id]) => id));
  return html.replace(/href="#([^"]+)-\d+"/g, (link, name: string) =>
    !ids.has(link.slice('href="#'.length, -1)) && ids.has(name) ? `href="#${name}"` : link,
  );
}

/** In `npm run docs` a changed file is loaded again. */
export function watch(
  { watcher }: LoaderContext,
  paths: readonly string[],
  reload: (path: string) => Promise<void>,
): void {
  if (watcher === undefined) return;
  const files = new Map(paths.map((path) => [join(root, path), path]));
  watcher.add([...files.keys()]);
  watcher.on("change", (file) => {
    const path = files.get(file);
    if (path !== undefined) void reload(path);
  });
}
