import { accessSync, constants, existsSync, statSync, writeFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { fail, OptionError, show } from "@evenkeel/autodiff";
import { resultsOf } from "./result.ts";
import type { Outcome } from "./suite.ts";

/** Said before minutes of work, not after. */
export function checkWritable(file: string): void {
  const path = resolve(file);
  const isFolder = existsSync(path) && statSync(path).isDirectory();
  try {
    if (isFolder) throw new Error("is a folder");
    accessSync(existsSync(path) ? path : dirname(path), constants.W_OK);
  } catch {
    fail(
      {
        where: "--json",
        expected: "a file that can be written",
        got: show(file),
        hint: isFolder ? "It is a folder." : "Check that its folder exists and may be written.",
      },
      OptionError,
    );
  }
}

export function writeResults(file: string, outcomes: readonly Outcome[]): void {
  writeFileSync(file, `${JSON.stringify(resultsOf(outcomes), null, 2)}\n`);
}
