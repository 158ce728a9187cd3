import { posix } from "node:path";
import { exists, readText } from "./files.ts";

/** "packages/a/src/b/b.example.ts" is "a/b", "docs/guides/b.example.ts" is "guides/b". */
export function exampleName(path: string): string {
  const name = path
    .replace(/^packages\/([^/]+)\/src\/(?:[^/]+\/)?([^/]+)\.example\.ts$/, "$1/$2")
    .replace(/^docs\/guides\/([^/]+)\.example\.ts$/, "guides/$1");
  if (name === path) throw new Error(`${path} is no example that the site can run.`);
  return name;
}

/** The element that runs an example, with its code inside, so that the page reads without script. */
export function exampleBlock(path: string): string {
  const code = readText(path).trimEnd();
  return `<ek-example src="${exampleName(path)}">\n\n\`\`\`ts\n${code}\n\`\`\`\n\n</ek-example>\n`;
}

/** A paragraph that is only a link to an example becomes the example itself. */
export function embedExamples(markdown: string, from: string): string {
  return markdown.replace(/^\[[^\]]+\]\(([^()\s]+\.example\.ts)\)\.?$/gm, (_, href: string) => {
    const path = posix.join(posix.dirname(from), href);
    if (!exists(path)) throw new Error(`${from} links to ${path}, which is not there.`);
    return exampleBlock(path);
  });
}
