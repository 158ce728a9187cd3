import { random, scope, type Tensor, ValueError } from "@evenkeel/autodiff";
import { histogram, type LayerHistogram, watchModules } from "@evenkeel/diagnostics";
import { AdamW, cosineSchedule, crossEntropy, gradients, type Optimizer } from "@evenkeel/nn";
import type { Dataset } from "../data/dataset.ts";
import type { RunResult } from "../report/results.ts";
import { accuracy, TEST_BATCH, take } from "./accuracy.ts";
import { type Network, type NetworkSizes, network } from "./network.ts";
import { evaluateWays } from "./ways.ts";

/** One training run of a comparison. */
export interface Job {
  readonly norm: string;
  readonly batchSize: number;
  readonly seed: number;
  readonly steps: number;
  /** At the start; it falls to 0 along a cosine. */
  readonly lr: number;
  /** Record the activations before and after each norm at the end. */
  readonly histograms: boolean;
}

/** Points of a loss curve. */
const POINTS = 100;

/** Trains one network and tests it. `progress` hears of every step. */
export function train(data: Dataset, job: Job, progress: (step: number) => void): RunResult {
  const { norm, batchSize, seed, steps, lr } = job;
  const net = network(norm, sizesOf(data), seed);
  const optimizer = new AdamW(net.model, { lr, weightDecay: 1e-2 });
  const schedule = cosineSchedule({ steps });
  const batches = drawBatches(data.train.count, batchSize, seed);
  const every = Math.max(1, Math.floor(steps / POINTS));
  const losses: number[] = [];
  const lossSteps: number[] = [];
  const times: number[] = [];
  let diverged = false;
  let sum = 0;
  for (let step = 0; step < steps && !diverged; step++) {
    optimizer.lr = lr * schedule(step);
    const start = performance.now();
    const loss = orDiverged(() => trainingStep(net, optimizer, data, batches()));
    times.push(performance.now() - start);
    diverged = !Number.isFinite(loss);
    sum += loss;
    if ((step + 1) % every === 0 || diverged) {
      losses.push(sum / ((step % every) + 1));
      lossSteps.push(step + 1);
      sum = 0;
    }
    progress(step + 1);
  }
  net.model.eval();
  const histograms = job.histograms && !diverged ? activations(net, data) : [];
  return {
    norm,
    batchSize,
    seed,
    losses,
    lossSteps,
    ...(diverged ? { accuracy: 1 / data.classes.length } : evaluated(net, data, job)),
    msPerStep: median(times),
    histograms,
    diverged,
  };
}

/** On a domain that was held out every way to evaluate the network counts; the first stands for all. */
function evaluated(
  net: Network,
  data: Dataset,
  { norm, seed }: Job,
): Pick<RunResult, "accuracy" | "ways"> {
  if (data.heldOut === undefined) {
    return {
      accuracy: accuracy(data, ({ x, domains }) => net.model.forward(x, net.condition(domains))),
    };
  }
  const ways = evaluateWays({ norm, seed, net, sizes: sizesOf(data), data });
  return { accuracy: ways[0]!.accuracy, ways };
}

/** What of the data a network is built for. */
export function sizesOf({ shape, classes, domains }: Dataset): NetworkSizes {
  return { shape, classes: classes.length, domains: Math.max(1, domains.length) };
}

/** Refusing to go on from NaN or Infinity is what divergence looks like here. */
function orDiverged(step: () => number): number {
  try {
    return step();
  } catch (error) {
    if (error instanceof ValueError) return Number.NaN;
    throw error;
  }
}

/**
 * Forward, backward and update.
 *
 * @returns The loss before the update.
 * @throws ValueError where numbers ran out, and whatever the norm refuses.
 */
export function trainingStep(
  net: Network,
  optimizer: Optimizer,
  data: Dataset,
  batch: readonly number[],
): number {
  return scope(() => lossOfStep(net, optimizer, data, batch).item());
}

/** `trainingStep` for backends whose numbers are waited for: the caller reads the loss and releases it. */
export function lossOfStep(
  { model, condition, step }: Network,
  optimizer: Optimizer,
  data: Dataset,
  batch: readonly number[],
): Tensor {
  return scope(() => {
    const { x, labels, domains } = take(data, data.train, batch);
    const told = condition(domains);
    const forward = (): Tensor => model.forward(x, told);
    const update = (): Tensor => {
      const { value, grads } = gradients(model, () => crossEntropy(forward(), labels));
      optimizer.step(grads);
      return value;
    };
    return step(model, update, forward);
  });
}

/** Batches of a permutation of the data, and of another one when it is used up. */
export function drawBatches(
  count: number,
  batchSize: number,
  seed: number,
): () => readonly number[] {
  const stream = random(seed).split();
  let order = stream.permutation(count);
  let at = 0;
  return () => {
    if (at + batchSize > count) {
      order = stream.permutation(count);
      at = 0;
    }
    at += batchSize;
    return Array.from(order.subarray(at - batchSize, at));
  };
}

function activations(net: Network, data: Dataset): LayerHistogram[] {
  const length = Math.min(TEST_BATCH, data.test.count);
  return scope(() => {
    const { x, domains } = take(
      data,
      data.test,
      Array.from({ length }, (_, i) => i),
    );
    const names = new Map(net.normLayers.map(({ at, name }) => [String(at), name]));
    const found: LayerHistogram[] = [];
    watchModules(
      net.model,
      x,
      ({ name, input, output }) => {
        const layer = names.get(name);
        if (layer === undefined) return;
        found.push({ layer, before: histogram(input.data), after: histogram(output.data) });
      },
      { condition: net.condition(domains) },
    );
    return found;
  });
}

function median(times: readonly number[]): number {
  const sorted = [...times].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}
