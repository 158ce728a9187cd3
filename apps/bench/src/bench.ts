import { loadavg } from "node:os";
import { cpu, useBackend } from "@evenkeel/autodiff";
import type { BenchCase } from "./case.ts";
import { reference } from "./engines/evenkeel.ts";
import { engines } from "./engines/index.ts";
import { startProgress } from "./progress.ts";
import { runSuite } from "./race.ts";
import type { Engine, Outcome, Suite } from "./suite.ts";
import { memory, suites } from "./suites/index.ts";
import { runMemory } from "./suites/memory.ts";

/** Relative, far above what float32 needs, far below what a wrong formula gives. */
export const tolerance = 1e-3;

export interface BenchOptions {
  readonly suites: readonly string[];
  /** Default: all. */
  readonly engine?: readonly string[];
  /** Part of a case's name. Default: all cases. */
  readonly case?: string;
  /** Of the engines that can choose. Default: what each suite says. */
  readonly threads?: readonly number[];
  readonly runs: number;
  /** Seconds. */
  readonly budget: number;
}

/**
 * Runs suites one after another and hands on the outcomes of each as it ends.
 *
 * @param say - Takes a line of text.
 */
export async function runBench(
  options: BenchOptions,
  say: (line: string) => void,
  onSuite: (outcomes: readonly Outcome[]) => void,
): Promise<Outcome[]> {
  const all: Outcome[] = [];
  const pool = enginePool(options.engine, say);
  try {
    for (const name of options.suites) {
      say(`suite ${name}, load ${loadavg()[0]!.toFixed(1)}`);
      const outcomes = await runOne(name, options, pool);
      all.push(...outcomes);
      onSuite(outcomes);
    }
  } finally {
    pool.stop();
  }
  return all;
}

async function runOne(name: string, options: BenchOptions, pool: EnginePool): Promise<Outcome[]> {
  if (name === memory) return runMemory(settle);
  // Inputs are drawn in plain arrays, whichever engine ran last.
  useBackend(cpu);
  const suite = selected(suites[name]!(), options.case);
  const started = await pool.start(options.threads ?? suite.threads);
  const progress = startProgress(suite.races.flat().length, process.stderr);
  return runSuite(suite, started, {
    runs: options.runs,
    budgetMs: options.budget * 1e3,
    patient: options.engine !== undefined,
    reference,
    tolerance,
    settle,
    onTurn: progress.step,
  }).finally(progress.stop);
}

function selected(suite: Suite<BenchCase>, part = ""): Suite<BenchCase> {
  const races = suite.races.map((cases) => cases.filter(({ name }) => name.includes(part)));
  return { ...suite, races: races.filter((cases) => cases.length > 0) };
}

function settle(): void {
  globalThis.gc?.();
}

interface EnginePool {
  start(threads: readonly number[]): Promise<Engine<BenchCase>[]>;
  stop(): void;
}

/** Engines are started when a suite first needs them, and stay for the suites that follow. */
function enginePool(
  wanted: readonly string[] | undefined,
  say: (line: string) => void,
): EnginePool {
  const started = new Map<string, Engine<BenchCase> | string>();
  const startOnce = async (name: string, threads: number): Promise<Engine<BenchCase> | string> => {
    const key = `${name} on ${threads} ${threads === 1 ? "thread" : "threads"}`;
    const known = started.get(key);
    if (known !== undefined) return known;
    const engine = await engines[name]!.start(threads);
    if (typeof engine === "string") say(`${key} is left out: ${engine}`);
    started.set(key, engine);
    return engine;
  };
  return {
    async start(threads) {
      const found: Engine<BenchCase>[] = [];
      for (const [name, { threaded = false }] of Object.entries(engines)) {
        if (wanted?.includes(name) === false) continue;
        for (const n of threaded ? threads : [1]) {
          const engine = await startOnce(name, n);
          if (typeof engine !== "string") found.push(engine);
        }
      }
      return found;
    },
    stop() {
      for (const engine of started.values()) if (typeof engine !== "string") engine.stop?.();
    },
  };
}
