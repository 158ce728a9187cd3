import { EvenkeelError, random, scope } from "@evenkeel/autodiff";
import { baseline } from "../names.ts";
import { cases } from "../norms.ts";
import type { Skipped } from "../report/results.ts";
import { network } from "./network.ts";
import type { Job } from "./train.ts";

/** What a comparison is asked for. */
export interface PlanOptions {
  readonly norms: readonly string[];
  readonly batchSizes: readonly number[];
  readonly seeds: number;
  /** At the largest batch size. */
  readonly steps: number;
  /** At batch size 32. */
  readonly lr: number;
  readonly shape: readonly [number, number, number];
  readonly classes: number;
  /** 1 where no domains are known. */
  readonly domains: number;
  readonly trainCount: number;
}

export interface Plan {
  readonly jobs: readonly Job[];
  readonly seeds: readonly number[];
  readonly steps: Readonly<Record<number, number>>;
  readonly skipped: readonly Skipped[];
}

/** Small batches get up to this many times the steps of the largest. */
const MORE_STEPS = 8;

/**
 * The runs of a comparison. Small batches take more steps (as many as would show the same images, but at
 * most eight times) and a learning rate that falls with the square root of the batch size. A norm that
 * cannot be built for the images, or needs to be told more than their domains, is left out with its reason.
 */
export function plan(options: PlanOptions): Plan {
  const { norms, batchSizes, trainCount } = options;
  const seeds = Array.from({ length: options.seeds }, (_, i) => i + 1);
  const largest = Math.max(...batchSizes);
  const steps = Object.fromEntries(
    batchSizes.map((size) => [
      size,
      options.steps * Math.min(MORE_STEPS, Math.ceil(largest / size)),
    ]),
  );
  const skipped: Skipped[] = [];
  const jobs: Job[] = [];
  for (const norm of norms) {
    const obstacle = norm === baseline ? undefined : whyNot(norm, options);
    for (const batchSize of batchSizes) {
      const why =
        obstacle ?? (batchSize > trainCount ? `there are only ${trainCount} images` : undefined);
      if (why !== undefined) {
        skipped.push({ norm, batchSize, why });
        continue;
      }
      const lr = options.lr * Math.sqrt(batchSize / 32);
      for (const seed of seeds) {
        const histograms = seed === 1;
        jobs.push({ norm, batchSize, seed, steps: steps[batchSize]!, lr, histograms });
      }
    }
  }
  return { jobs, seeds, steps, skipped };
}

/** Why not even two images go through the network. */
function whyNot(norm: string, { shape, classes, domains }: PlanOptions): string | undefined {
  if (!cases[norm]) return "it has no case";
  try {
    const { model, condition } = network(norm, { shape, classes, domains }, 1);
    scope(() => model.forward(random(1).normal([2, ...shape]), condition(new Int32Array(2))));
    return undefined;
  } catch (error) {
    if (error instanceof EvenkeelError) return error.message;
    throw error;
  }
}
