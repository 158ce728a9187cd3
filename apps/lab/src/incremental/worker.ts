import { useBackend } from "@evenkeel/autodiff";
import { wasm } from "@evenkeel/wasm";
import { glyphs } from "../data/glyphs.ts";
import { learn, type Outcome, type Schedule } from "./learn.ts";
import { methods } from "./methods.ts";
import { type Task, tasksOf } from "./tasks.ts";

useBackend(wasm());

/** A run in a worker thread: which method, on which data, from which weights. */
export interface IncrementalJob {
  readonly method: string;
  readonly styles: boolean;
  readonly seed: number;
  readonly schedule: Schedule;
  /** Training images of all tasks together. */
  readonly images: number;
}

/** One of the domains of the glyphs is learned: the plain one. */
const DOMAINS = 4;

/** Tasks by seed and style: drawing images takes a while, and every method learns the same. */
const drawn = new Map<string, readonly Task[]>();

/** What a worker thread runs; images and weights follow from the seed. */
export function runJob({ method, styles, seed, schedule, images }: IncrementalJob): Outcome {
  const found = methods.find(({ name }) => name === method);
  if (found === undefined) throw new Error(`incremental: no method ${method}`);
  const key = `${images} ${seed} ${styles}`;
  const tasks = drawn.get(key) ?? drawTasks(images, seed, styles);
  drawn.set(key, tasks);
  return learn(tasks, found, schedule, seed);
}

function drawTasks(images: number, seed: number, styles: boolean): readonly Task[] {
  const data = glyphs({ train: DOMAINS * images, test: DOMAINS * 500, seed });
  return tasksOf(data, { styles });
}
