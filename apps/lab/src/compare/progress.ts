import cliProgress from "cli-progress";
import type { RunResult } from "../report/results.ts";
import type { Job } from "./train.ts";

/** Shows how far a comparison is. */
export interface Progress {
  step(job: Job, done: number): void;
  finish(job: Job, result: RunResult): void;
  stop(): void;
}

function nameOf({ norm, batchSize, seed }: Job): string {
  return `${norm}, batch size ${batchSize}, seed ${seed}`;
}
function summary({ accuracy, msPerStep, diverged }: RunResult): string {
  return diverged
    ? "diverged"
    : `${(100 * accuracy).toFixed(1)} %, ${msPerStep.toFixed(1)} ms/step`;
}

/** Moving bars on a terminal, one plain line per finished run elsewhere. */
export function showProgress(jobs: readonly Job[], live: boolean): Progress {
  return live ? bars(jobs) : lines(jobs);
}

function lines(jobs: readonly Job[]): Progress {
  let finished = 0;
  return {
    step() {},
    finish(job, result) {
      finished++;
      console.log(`[${finished}/${jobs.length}] ${nameOf(job)}: ${summary(result)}`);
    },
    stop() {},
  };
}

/** One bar for everything, and one for each run that is going on. */
function bars(jobs: readonly Job[]): Progress {
  const multi = new cliProgress.MultiBar(
    { format: " {bar} {percentage} % {name}", hideCursor: true, clearOnComplete: true },
    cliProgress.Presets.shades_classic,
  );
  const name = (done: number): string => `${done} of ${jobs.length} runs, {eta_formatted} left`;
  const total = jobs.reduce((sum, { steps }) => sum + steps, 0);
  const all = multi.create(total, 0, { name: name(0) }, { format: ` {bar} {percentage} % {name}` });
  const running = new Map<Job, cliProgress.SingleBar>();
  const done = new Map<Job, number>();
  let finished = 0;
  return {
    step(job, steps) {
      const bar = running.get(job) ?? multi.create(job.steps, 0, { name: nameOf(job) });
      running.set(job, bar);
      bar.update(steps);
      all.increment(steps - (done.get(job) ?? 0));
      done.set(job, steps);
    },
    finish(job, result) {
      finished++;
      const bar = running.get(job);
      if (bar) multi.remove(bar);
      all.update({
        name: `${finished} of ${jobs.length} runs; last ${nameOf(job)}: ${summary(result)}`,
      });
    },
    stop: () => multi.stop(),
  };
}
