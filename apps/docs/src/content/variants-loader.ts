import type { Loader, LoaderContext } from "astro/loaders";
import { type FamilyFacts, readFacts, type VariantFacts } from "./facts.ts";
import { readMarkdown } from "./files.ts";
import { renderPage, siteMarkdown, watch } from "./pages-loader.ts";

/** A page for each variant, of its facts and its Markdown. */
export function variantsLoader(): Loader {
  return {
    name: "variants",
    async load(context) {
      context.store.clear();
      const load = new Map<string, () => Promise<void>>();
      for (const { variants, ...family } of readFacts().families) {
        for (const variant of variants) {
          const path = `${family.folder}/src/${variant.kebab}/${variant.kebab}.md`;
          load.set(path, () => loadVariant(context, path, family, variant));
        }
      }
      for (const run of load.values()) await run();
      watch(context, [...load.keys()], async (path) => load.get(path)?.());
    },
  };
}

async function loadVariant(
  context: LoaderContext,
  path: string,
  family: Omit<FamilyFacts, "variants">,
  variant: VariantFacts,
): Promise<void> {
  const { title, description, ...file } = readMarkdown(path);
  const markdown = siteMarkdown({ title, description, ...file });
  const id = variant.kebab;
  const data = await context.parseData({ id, data: { title, description, family, variant } });
  const rendered = await renderPage(context, path, markdown);
  // The facts are part of the page: where they change, it does.
  const digest = context.generateDigest(markdown + JSON.stringify(data));
  context.store.set({ id, data, body: markdown, rendered, digest });
}
