import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { filesOf, root } from "./workspace.ts";

/** Ignored by git. Not below node_modules: Node does not strip types there. */
export const programFolder = "docs/dist";

export interface Program {
  /** The page, relative to the repository. */
  readonly page: string;
  /** Where `writePrograms` puts the program. */
  readonly file: string;
  readonly code: string;
}

/**
 * The page's ```ts blocks as one module, in order, without those marked ```ts no-run. Every line
 * keeps its number, so that an error in the program names the line of the page.
 */
export function programOf(markdown: string, page: string): string | undefined {
  let fence: string | undefined;
  let runs = false;
  let found = false;
  const lines = markdown.split("\n").map((line) => {
    const mark = /^(`{3,})(.*)$/.exec(line);
    if (fence === undefined) {
      if (mark === null) return "";
      fence = mark[1] ?? "";
      runs = (mark[2] ?? "").trim() === "ts";
      found ||= runs;
      return "";
    }
    if (mark !== null && mark[2] === "" && (mark[1] ?? "").length >= fence.length) {
      fence = undefined;
      return "";
    }
    return runs ? line : "";
  });
  if (fence !== undefined)
    throw new Error(`${page}: a code block is not closed. Add the missing fence.`);
  return found ? `${lines.join("\n").trimEnd()}\nexport {};\n` : undefined;
}

/** The programs of all pages that a reader may copy from. */
export function programs(base: string = root): readonly Program[] {
  const pages = [
    "*.md",
    "docs/*.md",
    "docs/guides/*.md",
    "packages/*/README.md",
    "packages/*/src/*/*.md",
  ];
  return pages
    .flatMap((pattern) => filesOf(base, pattern))
    .flatMap((page) => {
      const code = programOf(readFileSync(join(base, page), "utf8"), page);
      const file = `${programFolder}/${page.replaceAll("/", ".").replace(/\.md$/, ".ts")}`;
      return code === undefined ? [] : [{ page, file, code }];
    });
}

/** Replaces what an earlier run left. */
export function writePrograms(base: string = root): readonly Program[] {
  rmSync(join(base, programFolder), { recursive: true, force: true });
  mkdirSync(join(base, programFolder), { recursive: true });
  const found = programs(base);
  for (const { file, code } of found) writeFileSync(join(base, file), code);
  return found;
}
