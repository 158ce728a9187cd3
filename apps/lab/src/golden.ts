import { readFileSync } from "node:fs";
import { EvenkeelError, fail } from "@evenkeel/autodiff";
import { bottleneckRankPrograms } from "@evenkeel/diagnostics/cases";
import {
  type GoldenFile,
  type GoldenResult,
  runGolden,
  runProgram,
  tolerances,
} from "@evenkeel/testkit";
import Table from "cli-table3";
import { writeJson } from "./json.ts";
import { cases, methods } from "./norms.ts";

interface FileReport {
  readonly file: string;
  readonly method?: string;
  readonly norm?: string;
  readonly results: readonly GoldenResult[];
  /** Why nothing could be compared. */
  readonly error?: string;
}

const groups = ["output", "gradInputs", "gradParams", "buffersAfter"] as const;

/**
 * Compares golden files with our norms and prints the largest relative errors per case.
 *
 * @returns Whether every tensor of every file is within `tolerances.golden`.
 */
export function golden(files: readonly string[], options: { readonly json?: string }): boolean {
  const reports = files.flatMap(compareFile);
  for (const report of reports) print(report);
  if (options.json !== undefined) writeJson(options.json, reports);
  const right = reports.every(({ error, results }) => !error && results.every(isRight));
  const cases = reports.reduce((sum, { results }) => sum + names(results).length, 0);
  console.log(
    `${cases} cases of ${files.length} files ${right ? "within" : "NOT within"} ${tolerances.golden}`,
  );
  return right;
}

/** A report for each norm that knows the file's method. */
function compareFile(file: string): readonly FileReport[] {
  let found: FileReport = { file, results: [] };
  try {
    const data = readGolden(file);
    found = { ...found, method: data.method };
    const reports = runnersOf(data.method).map(({ norm, run }) => {
      found = { ...found, norm };
      return { ...found, results: run(data) };
    });
    checkComplete(data, reports);
    return reports;
  } catch (error) {
    if (error instanceof EvenkeelError) return [{ ...found, error: error.message }];
    throw error;
  }
}

/** Refuses a file with a case that no norm has run. */
function checkComplete({ method, cases: all }: GoldenFile, reports: readonly FileReport[]): void {
  const run = reports.flatMap(({ results }) => names(results));
  const left = all.map(({ name }) => name).filter((name) => !run.includes(name));
  if (left.length === 0) return;
  fail({
    where: `lab golden ${method}`,
    expected: "a norm for each case",
    got: `none for ${left.join(", ")}`,
    hint: "Give a norm's adapter options for it.",
  });
}

function readGolden(file: string): GoldenFile {
  try {
    return JSON.parse(readFileSync(file, "utf8")) as GoldenFile;
  } catch (error) {
    return fail({
      where: "lab golden",
      expected: `a golden file in JSON at ${file}`,
      got: error instanceof Error ? error.message : String(error),
      hint: "Check the path.",
    });
  }
}

interface Runner {
  readonly norm: string;
  readonly method: string;
  readonly run: (file: GoldenFile) => readonly GoldenResult[];
}

/** The norms, and the methods that are none, that know a file's method. */
function runnersOf(method: string): readonly Runner[] {
  const norms = Object.entries(cases).flatMap(([norm, { norm: bind, golden: adapters = [] }]) =>
    adapters.map((adapter): Runner => {
      return { norm, method: adapter.method, run: (file) => runGolden(file, bind, adapter) };
    }),
  );
  const others = Object.entries(methods).flatMap(([norm, { golden: programs = [] }]) =>
    programs.map((program): Runner => {
      return { norm, method: program.method, run: (file) => runProgram(file, program) };
    }),
  );
  const instruments = bottleneckRankPrograms.map((program): Runner => {
    return {
      norm: "bottleneckRank",
      method: program.method,
      run: (file) => runProgram(file, program),
    };
  });
  const all = [...norms, ...others, ...instruments];
  const found = all.filter((runner) => runner.method === method);
  if (found.length > 0) return found;
  const known = new Set(all.map((runner) => runner.method));
  return fail({
    where: "lab golden",
    expected: `a method among ${[...known].join(", ")}`,
    got: JSON.stringify(method),
    hint: "Name the file's method in the golden list of the norm's case.",
  });
}

function isRight(result: GoldenResult): boolean {
  return result.comparisons.every(({ error }) => error <= tolerances.golden);
}

function names(results: readonly GoldenResult[]): readonly string[] {
  return [...new Set(results.map((r) => r.case))];
}

function print({ file, method, norm, results, error }: FileReport): void {
  if (error !== undefined) {
    console.error(`${file}: ERROR ${error}`);
    return;
  }
  console.log(`${method} (${norm}): largest relative error`);
  const table = new Table({
    head: ["case", "steps", ...groups, ""],
    colAligns: ["left", ...Array.from({ length: 5 }, (): "right" => "right"), "left"],
    style: { head: [], border: [], compact: true },
  });
  for (const name of names(results)) {
    const steps = results.filter((r) => r.case === name);
    const worst = groups.map((group) => Math.max(...steps.map((r) => r[group])));
    table.push([
      name,
      steps.length,
      ...worst.map((e) => e.toExponential(1)),
      steps.every(isRight) ? "" : "WRONG",
    ]);
  }
  console.log(`${table.toString()}\n`);
}
