import {
  type Backend,
  currentBackend,
  random,
  type Tensor,
  type Tree,
  vjp,
} from "@evenkeel/autodiff";
import { training } from "@evenkeel/norm-core";
import type { NormCase, NormSample } from "./norm-case.ts";
import { applySample, castSample, drawSample } from "./norm-sample.ts";
import { withBackend } from "./refusal.ts";

/** The kernels of one step that read or write an array as large as x, in order. */
export interface StepKernels {
  readonly forward: readonly string[];
  readonly backward: readonly string[];
}

/**
 * What a training step of a norm costs in passes over memory: the names of the kernels that touch arrays
 * as large as x [6, 4, 8, 8] in float32, for the case's usual options, with x, all parameters and what the
 * case differentiates of its condition.
 *
 * @param backend - Where it runs. Default: the current one.
 *
 * @example
 * const { forward, backward } = stepKernels(batchNormCase);
 * // ["planeMoments", "planeAffine"] and ["planeSums", "planeCombine"]
 */
export function stepKernels<O extends object, C>(
  norm: NormCase<O, C>,
  backend: Backend = currentBackend(),
): StepKernels {
  const shape = [6, 4, 8, 8];
  const drawn = drawSample(norm, shape, norm.options(4, shape)[0]!, training, 1);
  const sample = castSample(drawn, "float32");
  const { x, params, condition } = sample;
  const at: Record<string, Tree> = { x, params };
  if (norm.conditionGradients) at["condition"] = condition as Tree;
  const call = (given: Record<string, Tree>): Tensor =>
    applySample(sample, given as Partial<NormSample<O, C>>).output;
  const large: string[] = [];
  const counting: Backend = {
    ...backend,
    run(spec, out, inputs, ran) {
      if ([out, ...inputs].some(({ size }) => size >= x.size)) large.push(spec.name);
      backend.run(spec, out, inputs, ran);
    },
  };
  const cotangent = random(2).normal(x.shape);
  let forward: readonly string[] = [];
  withBackend(counting, () => {
    const { pullback } = vjp(call, at);
    forward = large.splice(0);
    pullback(cotangent);
  });
  return { forward, backward: large };
}
