import { posix } from "node:path";
import { places } from "./site-map.ts";

const repository = "https://github.com/evenkeel/evenkeel/blob/main/";

/** A link in a file of the repository, as the site has it: to a page where there is one. */
export function siteLink(href: string, from: string): string {
  if (/^([a-z]+:|#|\/)/.test(href)) return href;
  const [target = "", hash] = href.split("#");
  const path = posix.normalize(posix.join(posix.dirname(from), target)).replace(/\/$/, "");
  const page = pageOf(path) ?? `${repository}${path}`;
  return hash === undefined ? page : `${page}#${hash}`;
}

function pageOf(path: string): string | undefined {
  const place = places().find((one) => one.path === path);
  if (place !== undefined) return `/${place.slug}/`;
  const variant = /^packages\/[^/]+\/src\/([^/]+)\/\1\.md$/.exec(path)?.[1];
  if (variant !== undefined) return `/norms/${variant}/`;
  const workspace = /^packages\/([^/]+)(?:\/README\.md)?$/.exec(path)?.[1];
  if (workspace !== undefined) return `/api/${workspace}/`;
  return path === "README.md" ? "/" : undefined;
}

/** In the reference, pages lie side by side and are packages. */
export function referenceLinks(markdown: string): string {
  return markdown.replace(/\]\(([\w-]+)\.md(#[^)]*)?\)/g, (_, name: string, hash = "") => {
    return `](/api/${name}/${hash})`;
  });
}

/** All links of a page, outside its code. */
export function siteLinks(markdown: string, from: string): string {
  return outsideCode(markdown, (text) =>
    text.replace(/\]\(([^()\s]+)\)/g, (_, href: string) => `](${siteLink(href, from)})`),
  );
}

/** Changes the parts of a page that are not within code fences. */
function outsideCode(markdown: string, change: (text: string) => string): string {
  return markdown
    .split(/^(```[\s\S]*?^```)/m)
    .map((part, i) => (i % 2 === 0 ? change(part) : part))
    .join("");
}
