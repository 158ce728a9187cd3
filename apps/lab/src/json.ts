import { closeSync, openSync, writeFileSync } from "node:fs";
import { fail } from "@evenkeel/autodiff";

/** Complains now about a file that could not be written later. */
export function checkJson(path: string): void {
  writing(path, () => closeSync(openSync(path, "a")));
}

/** Writes results for programs. */
export function writeJson(path: string, value: unknown): void {
  writing(path, () => writeFileSync(path, `${JSON.stringify(value, null, 1)}\n`));
}

function writing(path: string, write: () => void): void {
  try {
    write();
  } catch (error) {
    fail({
      where: "--json",
      expected: `a file ${path} to write to`,
      got: error instanceof Error ? error.message : String(error),
      hint: "Pass a path in a folder that exists.",
    });
  }
}
