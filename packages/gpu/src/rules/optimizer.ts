import { sizeOf } from "@evenkeel/autodiff";
import { type GpuOp, gpuOp } from "../rule.ts";

/** Steps of nn's optimizers are known by name and parameters; see its optim/kernels.ts. */
interface AdamStep {
  readonly kept: number;
  readonly size: number;
  readonly correction: number;
  readonly eps: number;
}

/** A rule for one element of each input, and then the numbers of a step: other numbers, same kernel. */
function step<P>(
  name: string,
  scalars: (params: P) => readonly number[],
  rule: (...x: number[]) => number,
): GpuOp {
  return gpuOp<P>({
    scalars,
    lower(inputs, { out, params }) {
      const numbers = scalars(params);
      return {
        ...{ inputs, size: sizeOf(out), pointwise: true, operations: 4, scalars: numbers },
        write(w, at) {
          const elements = inputs.map((_, i) => w.read(i, at));
          return w.apply(name, rule, [...elements, ...numbers.map((_, k) => w.scalar(k))]);
        },
      };
    },
  });
}

export const optimizerOps: Readonly<Record<string, GpuOp>> = {
  combine: step<readonly [a: number, b: number]>(
    "combine",
    (params) => params,
    (x, y, a, b) => a * x + b * y,
  ),
  secondMoment: step<number>(
    "secondMoment",
    (kept) => [kept, 1 - kept],
    (v, g, kept, rest) => kept * v + rest * g * g,
  ),
  adamStep: step<AdamStep>(
    "adamStep",
    ({ kept, size, correction, eps }) => [kept, size, correction, eps],
    (p, m, v, kept, size, correction, eps) =>
      kept * p - (size * m) / (Math.sqrt(v) / correction + eps),
  ),
};
