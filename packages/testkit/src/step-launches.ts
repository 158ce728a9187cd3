import {
  type Backend,
  cast,
  leaves,
  random,
  release,
  scope,
  type Tensor,
} from "@evenkeel/autodiff";
import { training } from "@evenkeel/norm-core";
import { stepOf } from "./norm-backend.ts";
import type { NormCase } from "./norm-case.ts";
import { applySample, castSample, drawSample, moveSample } from "./norm-sample.ts";
import { withBackend } from "./refusal.ts";
import { move } from "./tree.ts";

/** How many kernels a step launches. */
export interface StepLaunches {
  /** Output and next state. */
  readonly forward: number;
  /** Output, next state and the gradients of x, the parameters and the condition. */
  readonly step: number;
}

/** A backend that counts. */
export interface LaunchingBackend extends Backend {
  /** Kernels launched so far. */
  readonly launches: number;
}

/**
 * The kernels that a backend launches for one training step of a norm on x [8, 16, 16, 16] in float32, for the
 * case's usual options: counted when all results are read, so that what a backend drops or joins is not counted.
 *
 * @example
 * const { forward, step } = await stepLaunches(batchNormCase, backend);
 */
export async function stepLaunches<O extends object, C>(
  norm: NormCase<O, C>,
  backend: LaunchingBackend,
): Promise<StepLaunches> {
  const shape = [8, 16, 16, 16];
  const drawn = drawSample(norm, shape, norm.options(16, shape)[0]!, training, 1);
  const cotangent = cast(random(2).normal(shape, { dtype: "float64" }), "float32");
  const count = async (run: (sample: typeof drawn) => unknown): Promise<number> => {
    const before = backend.launches;
    // A sample for each run: results that are the state that came are released, too.
    const given = (): Tensor[] => leaves(run(moveSample(castSample(drawn, "float32"))));
    const results = withBackend(backend, () => scope(given));
    await Promise.all(results.map((t) => t.read()));
    release(...results);
    return backend.launches - before;
  };
  const forward = await count((sample) => applySample(sample));
  const step = await count((sample) => stepOf(norm, sample, move(cotangent)));
  return { forward, step };
}
