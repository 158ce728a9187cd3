import { add, mul, type Random, random, scope, type Tensor } from "@evenkeel/autodiff";
import { samplesPerClass } from "@evenkeel/continual-norm";
import { crossEntropy, gradients, type Sequential, SGD } from "@evenkeel/nn";
import { type Method, networkOf, type Told } from "./methods.ts";
import { statisticsBias } from "./statistics-bias.ts";
import { imagesOf, joined, rowsOf, type Samples, type Task } from "./tasks.ts";

/** How the tasks are learned; the same for every method. */
export interface Schedule {
  readonly epochs: number;
  /** Samples of the current task in a batch. */
  readonly current: number;
  /** Samples of memory in a batch, from the second task on. */
  readonly remembered: number;
  /** Samples of each class that are kept when its task is over. */
  readonly kept: number;
  readonly lr: number;
}

/** What a run comes to. */
export interface Outcome {
  /** Mean over tasks of the accuracy after the last one. */
  readonly accuracy: number;
  /** Mean over all tasks but the last of what is lost from their best accuracy. */
  readonly forgetting: number;
  /** How far running statistics are from those of all tasks' test images; see `statisticsBias`. */
  readonly bias: number;
}

interface Learner {
  readonly model: Sequential;
  readonly optimizer: SGD;
  readonly method: Method;
  readonly stream: Random;
  readonly schedule: Schedule;
}

/** Learns one task after the other, with a memory, and tests on all seen after each. */
export function learn(
  tasks: readonly Task[],
  method: Method,
  schedule: Schedule,
  seed: number,
): Outcome {
  const classes = 1 + Math.max(...tasks.flatMap(({ test }) => test.labels));
  const side = Math.sqrt(tasks[0]!.test.pixels.length / tasks[0]!.test.labels.length);
  const model = networkOf(method, classes, side, seed);
  const optimizer = new SGD(model, { lr: schedule.lr, momentum: 0.9 });
  const learner = { model, optimizer, method, stream: random(seed).split(), schedule };
  let memory: Samples = { pixels: new Float32Array(0), labels: [] };
  const accuracies = tasks.map(({ train }, t) => {
    learnTask(learner, train, memory, t);
    memory = joined([memory, kept(train, learner)]);
    return tasks.slice(0, t + 1).map(({ test }) => accuracyOf(model, test));
  });
  const last = accuracies.at(-1)!;
  const lost = last.slice(0, -1).map((now, t) => {
    const before = accuracies.slice(t, -1).map((row) => row[t]!);
    return Math.max(...before) - now;
  });
  const bias = statisticsBias(model, method, joined(tasks.map(({ test }) => test)));
  return { accuracy: mean(last), forgetting: mean(lost), bias };
}

function kept(train: Samples, { stream, schedule }: Learner): Samples {
  return rowsOf(train, samplesPerClass(train.labels, { perClass: schedule.kept, random: stream }));
}

function learnTask(learner: Learner, train: Samples, memory: Samples, task: number): void {
  const { schedule, stream, model } = learner;
  model.train();
  for (let epoch = 0; epoch < schedule.epochs; epoch++) {
    const order = [...stream.permutation(train.labels.length)];
    while (order.length >= schedule.current) {
      const fresh = rowsOf(train, order.splice(0, schedule.current));
      const count = memory.labels.length > 0 ? schedule.remembered : 0;
      const rows = Array.from({ length: count }, () => stream.integer(memory.labels.length));
      scope(() => step(learner, fresh, rowsOf(memory, rows), memory, task));
    }
  }
}

/** One update of the weights, and for methods that balance one of the statistics. */
function step(
  { model, optimizer, method, stream }: Learner,
  fresh: Samples,
  old: Samples,
  memory: Samples,
  task: number,
): void {
  const parts = method.together ? [[fresh, old]] : [[fresh], [old]];
  const total = fresh.labels.length + old.labels.length;
  const loss = (): Tensor =>
    parts
      .map(
        (part) =>
          [joined(part), part.flatMap((s) => s.labels.map(() => (s === old ? 1 : 0)))] as const,
      )
      .filter(([samples]) => samples.labels.length > 0)
      .map(([samples, flags]) => {
        const told: Told = { task, memory: flags, balanced: false };
        const logits = model.forward(imagesOf(samples), told);
        return mul(crossEntropy(logits, samples.labels), samples.labels.length / total);
      })
      .reduce((sum, one) => add(sum, one));
  optimizer.step(gradients(model, loss).grads);
  if (!method.balances) return;
  const seen = joined([fresh, memory]);
  const perClass = Math.max(1, Math.floor(total / new Set(seen.labels).size));
  const rows = samplesPerClass(seen.labels, { perClass, random: stream, repeat: true });
  model.forward(imagesOf(rowsOf(seen, rows)), { task, balanced: true });
}

function accuracyOf(model: Sequential, test: Samples): number {
  model.eval();
  const right = scope(() => {
    const { data, shape } = model.forward(imagesOf(test));
    const classes = shape[1]!;
    return test.labels.filter((label, i) => {
      const row = data.subarray(i * classes, (i + 1) * classes);
      return row.indexOf(Math.max(...row)) === label;
    }).length;
  });
  model.train();
  return right / test.labels.length;
}

function mean(numbers: readonly number[]): number {
  return numbers.reduce((sum, v) => sum + v, 0) / numbers.length;
}
