import { drawBatches } from "@evenkeel/lab/train";
import { datasetOf } from "./datasets.ts";
import { type Measured, measureRun } from "./measure.ts";
import { createRun, type Run } from "./run.ts";
import { checkSettings, type Settings } from "./settings.ts";

/**
 * Norms that are trained side by side, from the same weights and on the same batches. One thing at a time: what
 * is asked of it is waited for before the next.
 */
export interface Session {
  readonly settings: Settings;
  readonly runs: readonly Run[];
  /** Steps done. */
  readonly step: number;
  /** All steps are done, or no norm is left. */
  readonly over: boolean;
  /** One step of every norm that still trains: their losses, undefined for the others. */
  advance(): Promise<readonly (number | undefined)[]>;
  /** Accuracies on held-out data in evaluation mode. */
  evaluate(): Promise<readonly (number | undefined)[]>;
  /** What a norm layer of each network, counted from 1, does to the latest batch; nothing that trains is changed. */
  measure(layer: number): Promise<readonly Measured[]>;
}

/**
 * A session before its first step, on the current backend.
 *
 * @throws OptionError for settings that are not legal and for unknown norms; a norm that refuses the data or
 *   its batches ends with its own message, while the others go on.
 */
export function createSession(settings: Settings): Session {
  checkSettings(settings);
  const data = datasetOf(settings.data);
  const draw = drawBatches(data.train.count, settings.batch, settings.seed);
  const runs = settings.norms.map((norm) => createRun(norm, data, settings));
  let batch: readonly number[] = [];
  let step = 0;
  return {
    settings,
    runs,
    get step() {
      return step;
    },
    get over() {
      return step >= settings.steps || runs.every(({ status }) => status !== "training");
    },
    advance() {
      batch = draw();
      step++;
      return oneByOne(runs, (run) => run.advance(batch));
    },
    evaluate: () => oneByOne(runs, (run) => run.evaluate()),
    measure: (layer) => oneByOne(runs, (run) => measureRun(run, data, batch, layer)),
  };
}

/** Each begins when the one before has its numbers: so the time of a step is its norm's own. */
async function oneByOne<R>(
  runs: readonly Run[],
  ask: (run: Run) => Promise<R>,
): Promise<readonly R[]> {
  const answers: R[] = [];
  for (const run of runs) answers.push(await ask(run));
  return answers;
}
