import { type Backend, cpu, release, scope, type Tensor, useBackend } from "@evenkeel/autodiff";
import { crossEntropy, gradients, type Module, type Optimizer } from "@evenkeel/nn";
import { take } from "../src/compare/accuracy.ts";
import { network } from "../src/compare/network.ts";
import { sizesOf } from "../src/compare/train.ts";
import { glyphs } from "../src/data/glyphs.ts";

/** A short training of the lab's network. */
export interface LabTraining {
  readonly norm: string;
  readonly steps: number;
  readonly optimizer: (model: Module) => Optimizer;
  /** Default 8. */
  readonly batchSize?: number;
  /** Called when the loss of a step is read. */
  readonly after?: (step: number) => void;
}

/** The losses of a training of the lab's network on a backend, each read before the next step. */
export async function labLosses(
  backend: Backend,
  { norm, steps, optimizer: make, batchSize = 8, after }: LabTraining,
): Promise<number[]> {
  const count = 20 * batchSize;
  const data = glyphs({ train: count, test: 10 });
  useBackend(backend);
  try {
    const { model, condition, step } = network(norm, sizesOf(data), 1);
    const optimizer = make(model);
    const losses: number[] = [];
    for (let i = 0; i < steps; i++) {
      const rows = Array.from({ length: batchSize }, (_, k) => (i * batchSize + k) % count);
      const loss = scope((): Tensor => {
        const { x, labels, domains } = take(data, data.train, rows);
        const told = condition(domains);
        const forward = (): Tensor => model.forward(x, told);
        return step(
          model,
          () => {
            const { value, grads } = gradients(model, () => crossEntropy(forward(), labels));
            optimizer.step(grads);
            return value;
          },
          forward,
        );
      });
      const [value] = await loss.read();
      losses.push(value!);
      release(loss);
      after?.(i);
    }
    return losses;
  } finally {
    useBackend(cpu);
  }
}
