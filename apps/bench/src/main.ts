import { EvenkeelError, fail, nearest, OptionError, show } from "@evenkeel/autodiff";
import { Command, InvalidArgumentError } from "commander";
import { engines, ours } from "./engines/index.ts";
import { describeMachine } from "./machine.ts";
import { startProgress } from "./progress.ts";
import { checkWritable, writeResults } from "./results.ts";
import { type Engine, runSuite, type Suite } from "./suite.ts";
import { type NormCase, normSuite } from "./suites/norm.ts";
import { renderTables } from "./table.ts";

interface Options {
  readonly suite: string;
  readonly engine?: readonly string[];
  readonly runs: number;
  readonly json?: string;
}

const suites: Readonly<Record<string, () => Suite<NormCase>>> = { norm: normSuite };

/** Relative, far above what float32 needs, far below what a wrong formula gives. */
const tolerance = 1e-3;

const program = new Command("bench")
  .description("Times one step of ours and of the peers, in turns, in one process.")
  .option("--suite <name>", `what to time: ${Object.keys(suites).join(", ")}`, "norm")
  .option("--engine <list>", `comma-separated: ${Object.keys(engines).join(", ")}`, splitList)
  .option("--runs <n>", "timed runs of each engine on each case", parseRuns, 30)
  .option("--json <file>", "write the results here")
  .action(bench);

try {
  await program.parseAsync();
} catch (error) {
  if (!(error instanceof EvenkeelError)) throw error;
  process.stderr.write(`error: ${error.message}\n`);
  process.exitCode = 1;
}

async function bench(options: Options): Promise<void> {
  checkName("--suite", options.suite, Object.keys(suites));
  for (const name of options.engine ?? []) checkName("--engine", name, Object.keys(engines));
  if (options.json !== undefined) checkWritable(options.json);

  process.stdout.write(`${describeMachine()}\n`);
  const started = await startEngines(options.engine);
  try {
    const suite = suites[options.suite]!();
    const total = suite.cases.length * started.length * options.runs;
    const progress = startProgress(total, process.stderr);
    const outcomes = await runSuite(suite, started, {
      runs: options.runs,
      tolerance,
      settle: () => globalThis.gc?.(),
      onTurn: progress.step,
    }).finally(progress.stop);
    const color = process.stdout.isTTY === true;
    process.stdout.write(`\n${renderTables(outcomes, ours, color)}\n`);
    if (options.json !== undefined) writeResults(options.json, outcomes);
    const wrong = outcomes.filter((outcome) => outcome.medianMs === null).length;
    process.stdout.write(
      wrong === 0
        ? `Output and gradients of all agree with float64 within ${tolerance}.\n`
        : `${wrong} results are further than ${tolerance} from float64 and were not timed.\n`,
    );
    if (wrong > 0) process.exitCode = 1;
  } finally {
    for (const engine of started) engine.stop?.();
  }
}

async function startEngines(wanted: readonly string[] | undefined): Promise<Engine<NormCase>[]> {
  const started: Engine<NormCase>[] = [];
  for (const [name, { start, byDefault }] of Object.entries(engines)) {
    if (!(wanted?.includes(name) ?? byDefault)) continue;
    const engine = await start();
    if (typeof engine === "string") process.stdout.write(`${name} is left out: ${engine}\n`);
    else started.push(engine);
  }
  return started;
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

function parseRuns(text: string): number {
  const runs = Number(text);
  if (Number.isInteger(runs) && runs > 0) return runs;
  throw new InvalidArgumentError("A whole number above 0.");
}
