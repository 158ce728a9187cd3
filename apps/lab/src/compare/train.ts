import { random, scope, type Tensor, tensor, ValueError } from "@evenkeel/autodiff";
import { AdamW, cosineSchedule, crossEntropy, gradients } from "@evenkeel/nn";
import type { Dataset, Split } from "../data/dataset.ts";
import type { LayerHistogram, RunResult } from "../report/results.ts";
import { histogram } from "./histogram.ts";
import { forwardWatching, type Network, type NetworkSizes, network } from "./network.ts";

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

const TEST_BATCH = 100;
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
    const loss = trainingStep(net, optimizer, data, batches());
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
  return {
    norm,
    batchSize,
    seed,
    losses,
    lossSteps,
    accuracy: diverged ? 1 / data.classes.length : accuracy(net, data),
    msPerStep: median(times),
    histograms: job.histograms && !diverged ? activations(net, data) : [],
    diverged,
  };
}

/** What of the data a network is built for. */
export function sizesOf({ shape, classes, domains }: Dataset): NetworkSizes {
  return { shape, classes: classes.length, domains: Math.max(1, domains.length) };
}

/** Forward, backward and update; the loss, NaN where numbers ran out. */
function trainingStep(
  { model, condition }: Network,
  optimizer: AdamW,
  data: Dataset,
  batch: readonly number[],
): number {
  return scope(() => {
    const { x, labels, domains } = take(data, data.train, batch);
    try {
      const told = condition(domains);
      const loss = (): Tensor => crossEntropy(model.forward(x, told), labels);
      const { value, grads } = gradients(model, loss);
      optimizer.step(grads);
      return value.item();
    } catch (error) {
      // Refusing to go on from NaN or Infinity is what divergence looks like here.
      if (error instanceof ValueError) return Number.NaN;
      throw error;
    }
  });
}

/** Batches of a permutation of the data, and of another one when it is used up. */
function drawBatches(count: number, batchSize: number, seed: number): () => readonly number[] {
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

function take(
  { shape }: Dataset,
  { images, labels, domains }: Split,
  batch: readonly number[],
): { readonly x: Tensor; readonly labels: Int32Array; readonly domains: Int32Array } {
  const size = shape.reduce((product, n) => product * n, 1);
  const pixels = new Float32Array(batch.length * size);
  batch.forEach((from, to) => {
    pixels.set(images.subarray(from * size, (from + 1) * size), to * size);
  });
  return {
    x: tensor(pixels, { shape: [batch.length, ...shape] }),
    labels: Int32Array.from(batch, (i) => labels[i]!),
    domains: Int32Array.from(batch, (i) => domains?.[i] ?? 0),
  };
}

function accuracy(net: Network, data: Dataset): number {
  let right = 0;
  for (let start = 0; start < data.test.count; start += TEST_BATCH) {
    const length = Math.min(TEST_BATCH, data.test.count - start);
    const { x, labels, domains } = take(
      data,
      data.test,
      Array.from({ length }, (_, i) => start + i),
    );
    right += scope(() => {
      const logits = net.model.forward(x, net.condition(domains)).data;
      const classes = logits.length / length;
      return labels.reduce((sum, label, i) => {
        const row = logits.subarray(i * classes, (i + 1) * classes);
        return sum + (row.indexOf(Math.max(...row)) === label ? 1 : 0);
      }, 0);
    });
  }
  return right / data.test.count;
}

function activations(net: Network, data: Dataset): LayerHistogram[] {
  const length = Math.min(TEST_BATCH, data.test.count);
  return scope(() => {
    const { x, domains } = take(
      data,
      data.test,
      Array.from({ length }, (_, i) => i),
    );
    const found: LayerHistogram[] = [];
    forwardWatching(net, x, net.condition(domains), (layer, before, after) => {
      found.push({ layer, before: histogram(before.data), after: histogram(after.data) });
    });
    return found;
  });
}

function median(times: readonly number[]): number {
  const sorted = [...times].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}
