import { random, scope, type Tensor, tensor, useBackend, ValueError } from "@evenkeel/autodiff";
import {
  Conv2d,
  crossEntropy,
  Flatten,
  gradients,
  type Module,
  Sequential,
  SGD,
} from "@evenkeel/nn";
import { wasm } from "@evenkeel/wasm";
import Table from "cli-table3";
import { writeJson } from "../json.ts";
import { type Images, pilotData, side } from "./digits12.ts";
import { type Method, methods } from "./methods.ts";

/** How the pilot's networks are trained. */
export interface PilotOptions {
  readonly steps: number;
  readonly batchSize: number;
  /** At first; it falls to 0 in a straight line. */
  readonly lr: number;
  readonly seeds: number;
}

/** Test accuracies of a method, one for each seed. */
export interface PilotResult {
  readonly name: string;
  readonly accuracies: readonly number[];
}

const widths = [64, 64];
const classes = 10;

/**
 * A perceptron 144-64-64-10 on dot-matrix digits, trained with two images at a time: batch norm then has two
 * values for each statistic, and its output is little but a sign.
 */
export function pilot(options: PilotOptions & { readonly json?: string }): void {
  useBackend(wasm());
  const data = pilotData();
  const { batchSize, steps, lr, seeds } = options;
  console.log(`batches of ${batchSize}, ${steps} steps, learning rate ${lr}, ${seeds} seeds`);
  const results = methods.map((method) => {
    const result = accuraciesOf(method, data, options);
    console.log(`${result.name}: ${result.accuracies.map(percent).join(", ")}`);
    return result;
  });
  console.log(`\n${printPilot(results)}`);
  if (options.json !== undefined) writeJson(options.json, { options, results });
}

function printPilot(results: readonly PilotResult[]): string {
  const table = new Table({
    head: ["method", "test accuracy", "of the seeds"],
    colAligns: ["left", "right", "left"],
    style: { head: [], border: [], compact: true },
  });
  for (const { name, accuracies } of results) {
    const mean = accuracies.reduce((sum, a) => sum + a, 0) / accuracies.length;
    table.push([name, percent(mean), accuracies.map(percent).join(", ")]);
  }
  return table.toString();
}

const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;

/** Trains and tests a method's network once for each seed. */
export function accuraciesOf(
  method: Method,
  data: { readonly train: Images; readonly test: Images },
  options: PilotOptions,
): PilotResult {
  const seeds = Array.from({ length: options.seeds }, (_, i) => i + 1);
  const accuracies = seeds.map((seed) => {
    const model = networkOf(method, seed);
    train(model, method, data.train, seed, options);
    return accuracy(model.eval(), data.test);
  });
  return { name: method.name, accuracies };
}

/** Linear layers are 1×1 convolutions here, as some methods need one. */
function networkOf({ layer }: Method, seed: number): Sequential {
  const stream = random(seed);
  let inChannels = side * side;
  const layers: Module[] = [];
  for (const outChannels of widths) {
    layers.push(...layer({ inChannels, outChannels, kernelSize: 1, random: stream }));
    inChannels = outChannels;
  }
  const head = { inChannels, outChannels: classes, kernelSize: 1, random: stream };
  return new Sequential(...layers, new Conv2d(head), new Flatten());
}

function train(
  model: Sequential,
  { step: around = (_, run) => run() }: Method,
  data: Images,
  seed: number,
  { steps, batchSize, lr }: PilotOptions,
): void {
  const optimizer = new SGD(model, { lr, momentum: 0.9, weightDecay: 1e-4 });
  const stream = random(seed).split();
  let order: number[] = [];
  for (let step = 0; step < steps; step++) {
    optimizer.lr = lr * (1 - step / steps);
    if (order.length < batchSize) order = [...stream.permutation(data.labels.length)];
    const rows = order.splice(0, batchSize);
    const labels = rows.map((row) => data.labels[row]!);
    const finite = scope(() => {
      const x = imagesOf(data, rows);
      const forward = (): Tensor => model.forward(x);
      try {
        around(
          model,
          () => optimizer.step(gradients(model, () => crossEntropy(forward(), labels)).grads),
          forward,
        );
        return true;
      } catch (error) {
        // Numbers ran out: the network stays as it is.
        if (error instanceof ValueError) return false;
        throw error;
      }
    });
    if (!finite) return;
  }
}

function imagesOf({ pixels }: Images, rows: readonly number[]): Tensor {
  const size = side * side;
  const found = new Float32Array(rows.length * size);
  rows.forEach((from, to) => {
    found.set(pixels.subarray(from * size, (from + 1) * size), to * size);
  });
  return tensor(found, { shape: [rows.length, size, 1, 1] });
}

function accuracy(model: Sequential, data: Images): number {
  const rows = Array.from(data.labels, (_, i) => i);
  const logits = scope(() => Array.from(model.forward(imagesOf(data, rows)).data));
  const right = rows.filter((i) => {
    const row = logits.slice(i * classes, (i + 1) * classes);
    return row.indexOf(Math.max(...row)) === data.labels[i];
  });
  return right.length / rows.length;
}
