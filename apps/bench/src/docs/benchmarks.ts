import { isDeepStrictEqual } from "node:util";
import { fail, OptionError } from "@evenkeel/autodiff";
import { type Machine, showMachine } from "../machine.ts";
import type { Result } from "../result.ts";

/** What docs/benchmarks.json holds, and docs/benchmarks.md is made from. */
export interface Benchmarks {
  readonly machine: Machine;
  readonly results: readonly Result[];
}

/**
 * The results that stay when some suites are measured anew.
 *
 * @throws OptionError if they are of another machine.
 */
export function resultsToKeep(
  before: Benchmarks | undefined,
  machine: Machine,
  suites: readonly string[],
): readonly Result[] {
  const kept = before?.results.filter(({ suite }) => !suites.includes(suite)) ?? [];
  if (before !== undefined && kept.length > 0 && !isDeepStrictEqual(before.machine, machine)) {
    fail(
      {
        where: "--docs",
        expected: `the machine of the other suites, ${showMachine(before.machine)}`,
        got: showMachine(machine),
        hint: "Measure all of them here: --suite all.",
      },
      OptionError,
    );
  }
  return kept;
}
