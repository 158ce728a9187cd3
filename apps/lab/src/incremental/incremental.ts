import { availableParallelism } from "node:os";
import Table from "cli-table3";
import { Piscina } from "piscina";
import { checkJson, writeJson } from "../json.ts";
import type { Outcome, Schedule } from "./learn.ts";
import { methods } from "./methods.ts";
import type { IncrementalJob } from "./worker.ts";

/** The command line of `incremental`, already checked. */
export interface IncrementalOptions {
  readonly seeds: number;
  readonly images: number;
  readonly epochs: number;
  readonly current: number;
  readonly remembered: number;
  readonly kept: number;
  readonly lr: number;
  readonly threads?: number;
  readonly json?: string;
}

/** One method on one kind of tasks: an outcome per seed. */
export interface IncrementalRow {
  readonly method: string;
  /** Each task has a contrast and a brightness of its own. */
  readonly styles: boolean;
  readonly outcomes: readonly Outcome[];
}

/** Learns digits two at a time with each norm for class-incremental learning; prints a table. */
export async function incremental(options: IncrementalOptions): Promise<readonly IncrementalRow[]> {
  const start = performance.now();
  if (options.json !== undefined) checkJson(options.json);
  const { seeds, images, threads = availableParallelism(), ...schedule } = options;
  console.log(
    `plain glyphs in 5 tasks of 2 digits, ${images / 5} images each, ${schedule.epochs} epochs, batches of ` +
      `${schedule.current} and ${schedule.remembered} from a memory of ${schedule.kept} per digit, ${seeds} seeds`,
  );
  const rows = await runAll({ ...schedule }, seeds, images, threads);
  console.log(`\n${printRows(rows)}\n`);
  if (options.json !== undefined) writeJson(options.json, rows);
  console.log(`${((performance.now() - start) / 1000).toFixed(0)} s`);
  return rows;
}

async function runAll(
  schedule: Schedule,
  seeds: number,
  images: number,
  threads: number,
): Promise<readonly IncrementalRow[]> {
  const pool = new Piscina({
    filename: new URL("./worker.ts", import.meta.url).href,
    name: "runJob",
    minThreads: threads,
    maxThreads: threads,
  });
  const run = (method: string, styles: boolean): Promise<Outcome[]> =>
    Promise.all(
      Array.from({ length: seeds }, (_, i) => {
        const job: IncrementalJob = { method, styles, seed: i + 1, schedule, images };
        return pool.run(job) as Promise<Outcome>;
      }),
    );
  try {
    const kinds = [false, true].flatMap((styles) => methods.map(({ name }) => ({ name, styles })));
    return await Promise.all(
      kinds.map(async ({ name, styles }) => ({
        ...{ method: name, styles, outcomes: await run(name, styles) },
      })),
    );
  } finally {
    await pool.destroy();
  }
}

/** A row per method: what it comes to on tasks that look alike, and on tasks with styles. */
export function printRows(rows: readonly IncrementalRow[]): string {
  const heads = ["accuracy %", "forgetting %", "statistics' bias"];
  const table = new Table({
    head: ["", ...heads, ...heads.map((head) => `${head}, styles`)],
    colAligns: ["left", ...heads.flatMap((): "right"[] => ["right", "right"])],
    style: { head: [], border: [], compact: true },
  });
  for (const { name } of methods) {
    const cells = [false, true].flatMap((styles) => {
      const row = rows.find((one) => one.method === name && one.styles === styles);
      return row ? cellsOf(row.outcomes) : heads.map(() => "–");
    });
    table.push([name, ...cells]);
  }
  const notes = [
    "Mean ± sample deviation over seeds, after the last task. Forgetting: what earlier tasks lost from their best.",
    "Bias: squared error of running means and deviations for all digits, in deviations.",
  ];
  return [table.toString(), ...notes].join("\n");
}

function cellsOf(outcomes: readonly Outcome[]): string[] {
  const percent = (pick: (o: Outcome) => number): string =>
    spread(
      outcomes.map((o) => 100 * pick(o)),
      1,
    );
  const bias = spread(
    outcomes.map((o) => o.bias),
    3,
  );
  return [percent((o) => o.accuracy), percent((o) => o.forgetting), bias];
}

function spread(numbers: readonly number[], digits: number): string {
  const mean = numbers.reduce((sum, v) => sum + v, 0) / numbers.length;
  if (numbers.length === 1) return mean.toFixed(digits);
  const squares = numbers.reduce((sum, v) => sum + (v - mean) ** 2, 0);
  return `${mean.toFixed(digits)} ± ${Math.sqrt(squares / (numbers.length - 1)).toFixed(digits)}`;
}
