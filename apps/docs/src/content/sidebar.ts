import type { StarlightUserConfig } from "@astrojs/starlight/types";
import type { Facts } from "./facts.ts";
import { readMarkdown } from "./files.ts";
import { guides, instruments, internals } from "./site-map.ts";

type Sidebar = NonNullable<StarlightUserConfig["sidebar"]>;

/** What stands at the left of every page. */
export function sidebar({ families, packages }: Facts): Sidebar {
  const link = ({ path, slug }: { path: string; slug: string }) => ({
    label: readMarkdown(path).title,
    link: `/${slug}/`,
  });
  return [
    { label: "Playground", link: "/playground/" },
    { label: "Guides", items: guides().map(link) },
    {
      label: "Norms",
      items: [
        { label: "All norms", link: "/norms/" },
        ...families.map(({ name, variants }) => ({
          label: name.replace("@evenkeel/", ""),
          collapsed: true,
          items: variants.map(({ kebab, card }) => ({ label: card.id, link: `/norms/${kebab}/` })),
        })),
      ],
    },
    { label: "Diagnostics", collapsed: true, items: instruments().map(link) },
    { label: "Inside", items: internals().map(link) },
    {
      label: "API",
      collapsed: true,
      items: [
        { label: "All packages", link: "/api/" },
        ...packages.map(({ short }) => ({ label: short, link: `/api/${short}/` })),
      ],
    },
  ];
}
