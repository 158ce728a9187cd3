import { readFileSync } from "node:fs";
import { join } from "node:path";
import { filesOf, packagesOf, root, runAsScript, table } from "./workspace.ts";

/** The core is to be read in an hour: about 1,500 lines, in the width that the formatter gives them. */
export const coreLines = 1_660;
const fileLines = 250;

export interface LineCount {
  readonly all: number;
  readonly nonBlank: number;
  /** Neither blank nor comment only, nor naming what comes from which file. */
  readonly code: number;
}

/** A comment counts as one only where it starts a line: what shares a line with code is code. */
export function countLines(text: string): LineCount {
  const lines = text.replace(/\n$/, "").split("\n");
  const names = text.match(/^(import|export)\b[^;(=]* from "[^"]*";$/gm) ?? [];
  let nonBlank = 0;
  let code = 0;
  let inComment = false;
  for (const line of lines) {
    let rest = line.trim();
    if (rest === "") continue;
    nonBlank++;
    if (!inComment && rest.startsWith("/*")) {
      inComment = true;
      rest = rest.slice(2);
    }
    if (inComment) {
      const end = rest.indexOf("*/");
      if (end < 0) continue;
      inComment = false;
      rest = rest.slice(end + 2).trim();
    }
    if (rest !== "" && !rest.startsWith("//")) code++;
  }
  code -= names.join("\n").split("\n").filter(Boolean).length;
  return { all: text === "" ? 0 : lines.length, nonBlank, code };
}

export interface BudgetReport {
  readonly table: string;
  readonly complaints: readonly string[];
}

/** What the core and the longest file of each package take, and where that is too much. */
export function budgetReport(base: string = root): BudgetReport {
  const rows: (string | number)[][] = [["package", "files", "non-blank", "code", "longest file"]];
  const complaints: string[] = [];
  for (const { folder, manifest } of packagesOf(base)) {
    const counts = filesOf(base, `${folder}/src/**/*.ts`).map((path) => ({
      path,
      ...countLines(readFileSync(join(base, path), "utf8")),
    }));
    const shipped = counts.filter(({ path }) => !/\.(spec|example)\.ts$/.test(path));
    const code = shipped.reduce((sum, file) => sum + file.code, 0);
    const nonBlank = shipped.reduce((sum, file) => sum + file.nonBlank, 0);
    const longest = Math.max(0, ...counts.map(({ all }) => all));
    rows.push([manifest.name, shipped.length, nonBlank, code, longest]);
    for (const { path, all } of counts.filter((file) => file.all > fileLines)) {
      complaints.push(
        `${path} has ${all} lines, ${fileLines} are allowed. Split it by what it does.`,
      );
    }
    if (folder === "packages/autodiff" && code > coreLines) {
      complaints.push(
        `${folder}/src has ${code} lines of code, ${coreLines} are allowed. ` +
          "Make something simpler, or move an op to the package that needs it.",
      );
    }
  }
  return { table: table(rows), complaints };
}

await runAsScript(import.meta.filename, () => {
  const report = budgetReport();
  console.log(
    `${report.table}\n\nbudget: autodiff <= ${coreLines} lines of code, files <= ${fileLines} lines`,
  );
  if (report.complaints.length > 0) throw new Error(`\n${report.complaints.join("\n")}`);
});
