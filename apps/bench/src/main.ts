import { EvenkeelError, fail, nearest, OptionError, show } from "@evenkeel/autodiff";
import { Command, InvalidArgumentError } from "commander";
import { type BenchOptions, runBench, tolerance } from "./bench.ts";
import { resultsToKeep } from "./docs/benchmarks.ts";
import { docsJson, readBenchmarks, writeBenchmarks } from "./docs/files.ts";
import { engines, ours } from "./engines/index.ts";
import { describeMachine, showMachine } from "./machine.ts";
import { resultsOf } from "./result.ts";
import { checkWritable, writeResults } from "./results.ts";
import type { Outcome } from "./suite.ts";
import { suiteNames } from "./suites/index.ts";
import { nnWork } from "./suites/nn.ts";
import { renderTables } from "./table.ts";

interface Options extends Omit<BenchOptions, "suites"> {
  readonly suite: readonly string[];
  readonly json?: string;
  readonly docs?: true;
}

const program = new Command("bench")
  .description("Times one step of ours and of the peers, in turns, in one process.")
  .option("--suite <list>", `comma-separated: ${suiteNames.join(", ")}; or all`, splitList, [
    "norm",
  ])
  .option("--engine <list>", `comma-separated: ${Object.keys(engines).join(", ")}`, splitList)
  .option("--case <text>", "only the cases with this in their names")
  .option("--threads <list>", "of ours and of PyTorch, such as 1,2", parseThreads)
  .option("--runs <n>", "timed runs of each engine on each case, at most", parseCount, 30)
  .option("--budget <seconds>", "for them; three runs are made in any case", parseCount, 2)
  .option("--json <file>", "write the results here")
  .option("--docs", `write them into ${docsJson} and the page made from it`)
  .action(bench);

try {
  await program.parseAsync();
} catch (error) {
  if (!(error instanceof EvenkeelError)) throw error;
  process.stderr.write(`error: ${error.message}\n`);
  process.exitCode = 1;
}

async function bench({ suite, json, docs, ...options }: Options): Promise<void> {
  for (const name of suite) checkName("--suite", name, [...suiteNames, "all"]);
  for (const name of options.engine ?? []) checkName("--engine", name, Object.keys(engines));
  if (json !== undefined) checkWritable(json);
  const suites = suiteNames.filter((name) => suite.includes(name) || suite.includes("all"));
  const machine = await describeMachine();
  const kept = docs ? resultsToKeep(readBenchmarks(), machine, suites) : [];

  const say = (text: string): void => void process.stdout.write(`${text}\n`);
  say(showMachine(machine));
  const table = { ours, color: process.stdout.isTTY === true, work: nnWork };
  const done: Outcome[] = [];
  await runBench({ suites, ...options }, say, (outcomes) => {
    say(`\n${renderTables(outcomes, table)}\n`);
    done.push(...outcomes);
    if (json !== undefined) writeResults(json, done);
  });
  if (docs) writeBenchmarks({ machine, results: [...kept, ...resultsOf(done)] });
  const wrong = done.filter((outcome) => outcome.medianMs === null).length;
  say(
    wrong === 0
      ? `All agree with float64 within ${tolerance}.`
      : `${wrong} results are further than ${tolerance} from float64 and were not timed.`,
  );
  if (wrong > 0) process.exitCode = 1;
}

function checkName(where: string, got: string, names: readonly string[]): void {
  if (names.includes(got)) return;
  const near = nearest(got, names);
  const hint = near === undefined ? {} : { hint: `Did you mean ${near}?` };
  fail({ where, expected: `one of ${names.join(", ")}`, got: show(got), ...hint }, OptionError);
}

function splitList(text: string): string[] {
  return text.split(",").map((name) => name.trim());
}

function parseCount(text: string): number {
  const count = Number(text);
  if (Number.isInteger(count) && count > 0) return count;
  throw new InvalidArgumentError("A whole number above 0.");
}

function parseThreads(text: string): number[] {
  return [...new Set(splitList(text).map(parseCount))];
}
