import { existsSync } from "node:fs";
import { join } from "node:path";
import { expect, inject, test } from "vitest";
import { htmlFiles } from "./files.ts";
import { fileOf } from "./serve.ts";

const pages = htmlFiles();
const ids = new Map(pages.map(({ path, html }) => [path, idsOf(html)]));

function idsOf(html: string): ReadonlySet<string> {
  return new Set([...html.matchAll(/\sid="([^"]+)"/g)].map(([, id]) => unescapeHtml(id!)));
}

function unescapeHtml(text: string): string {
  return text.replaceAll("&amp;", "&").replaceAll("&#38;", "&").replaceAll("&quot;", '"');
}

function addressesOf(html: string, pattern: RegExp): readonly string[] {
  return [...html.matchAll(pattern)].map(([, address]) => unescapeHtml(address!));
}

/** What is wrong with a link, if anything is. */
function complaint(from: string, href: string): string | undefined {
  const url = new URL(href, `http://site${from}`);
  if (url.host !== "site") return undefined;
  const path = decodeURIComponent(url.pathname);
  if (fileOf(inject("dist"), path) === undefined)
    return `${from} links to ${href}, which is not there`;
  const known = ids.get(path);
  const id = decodeURIComponent(url.hash.slice(1));
  // The playground keeps its state behind the #.
  if (id === "" || known === undefined || path === "/playground/") return undefined;
  return known.has(id) ? undefined : `${from} links to ${href}, where no such id is`;
}

test("every link leads to a page and to a place on it", () => {
  const wrong = pages.flatMap(({ path, html }) =>
    addressesOf(html, /<a\b[^>]*?\shref="([^"]*)"/g).flatMap((href) => complaint(path, href) ?? []),
  );
  expect([...new Set(wrong)]).toEqual([]);
});

test("no page loads anything from another site", () => {
  const loaded = /<(?:script|img|iframe|source|link)\b[^>]*?\s(?:src|href)="([^"]*)"/g;
  const outside = pages.flatMap(({ path, html }) =>
    addressesOf(html, loaded)
      .filter((address) => /^(https?:)?\/\//.test(address))
      .map((address) => `${path}: ${address}`),
  );
  expect(outside).toEqual([]);
});

test("every page has one title of its own and a description", () => {
  const without = pages.filter(
    ({ path, html }) =>
      path !== "/404.html" &&
      (!/<title>[^<]+<\/title>/.test(html) ||
        !/<meta name="description" content="[^"]+/.test(html)),
  );
  expect(without.map(({ path }) => path)).toEqual([]);
});

test("there is a search index", () => {
  expect(existsSync(join(inject("dist"), "pagefind/pagefind.js"))).toBe(true);
});
