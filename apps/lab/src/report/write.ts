import { accessSync, constants, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fail } from "@evenkeel/autodiff";
import { reportPage } from "./page.ts";
import type { CompareResult } from "./results.ts";

/**
 * Writes the report as one HTML file that works offline.
 *
 * @param folder - Made if it is not there.
 * @returns The path of the file, `folder`/index.html.
 * @throws EvenkeelError if the folder cannot be made or written to.
 */
export function writeReport(result: CompareResult, folder: string): string {
  const path = join(folder, "index.html");
  const page = reportPage(result);
  makeReportFolder(folder);
  writing(folder, () => writeFileSync(path, page));
  return path;
}

/** Makes the folder of a report, so that one that cannot be written is known before the work is done. */
export function makeReportFolder(folder: string): void {
  writing(folder, () => {
    mkdirSync(folder, { recursive: true });
    accessSync(folder, constants.W_OK);
  });
}

function writing(folder: string, write: () => void): void {
  try {
    write();
  } catch (error) {
    fail({
      where: "writeReport",
      expected: `a folder ${folder} to write index.html to`,
      got: explain(error),
      hint: "Pass a folder that you may write to.",
    });
  }
}

function explain(error: unknown): string {
  const code = error instanceof Error && "code" in error ? String(error.code) : String(error);
  const meanings: Record<string, string> = {
    EACCES: "no permission",
    EEXIST: "a file of that name",
    EISDIR: "a folder called index.html",
    ENOSPC: "a full disk",
    ENOTDIR: "a file on the way",
    EROFS: "a read-only disk",
  };
  return meanings[code] ?? code;
}
