import { existsSync, globSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";

/** The repository. */
export const root: string = resolve(import.meta.dirname, "../../../..");

/** Files matching a pattern, sorted, with forward slashes whatever the system. */
export function filesOf(pattern: string): readonly string[] {
  return globSync(pattern, { cwd: root })
    .map((path) => path.replaceAll("\\", "/"))
    .sort();
}

/** A Markdown page of the repository: its title is the first heading. */
export interface MarkdownFile {
  /** Relative to the repository. */
  readonly path: string;
  readonly title: string;
  /** The first paragraph, as plain text. */
  readonly description: string;
  /** All that follows the title. */
  readonly body: string;
}

export function readText(path: string): string {
  return readFileSync(join(root, path), "utf8");
}

export function exists(path: string): boolean {
  return existsSync(join(root, path));
}

export function readMarkdown(path: string): MarkdownFile {
  return parseMarkdown(path, readText(path));
}

export function parseMarkdown(path: string, text: string): MarkdownFile {
  const found = /^# +(.+)\n/m.exec(text);
  if (found === null) throw new Error(`${path} has no title. Begin it with a line "# Title".`);
  const body = text.slice(found.index + found[0].length).trimStart();
  const paragraph = body.split(/\n\s*\n/).find((part) => /^[A-Za-z"'“*`[]/.test(part)) ?? "";
  return {
    path,
    title: plain(found[1] ?? ""),
    description: plain(paragraph).replace(/:$/, "."),
    body,
  };
}

/** Without the marks of links, code and stress. */
function plain(markdown: string): string {
  return markdown
    .replace(/\[([^\]]+)\]\([^)]*\)/g, "$1")
    .replace(/[`*]/g, "")
    .replace(/\s+/g, " ")
    .trim();
}
