import {
  type Backend,
  cpu,
  leaves,
  ones,
  random,
  type Tensor,
  useBackend,
  vjp,
} from "@evenkeel/autodiff";
import { type BoundNorm, evaluation, type Mode, type Tensors, training } from "@evenkeel/norm-core";
import { afterEach, describe, expect, test } from "vitest";
import {
  adain,
  bigganBatchNorm,
  classConditionalBatchNorm,
  conditionalBatchNorm,
  film,
  filmBatchNorm,
} from "./index.ts";

afterEach(() => useBackend(cpu));

const shape = [4, 3, 9, 9];
const stream = random(1);
const x = stream.normal(shape);
const embedding = stream.normal([4, 8]);
const [gamma, beta] = [stream.normal([4, 3]), stream.normal([4, 3])];
const numFeatures = 3;

/** Names of the ops that read or write arrays as large as x. */
function passes(run: () => void): string[] {
  const names: string[] = [];
  useBackend({
    ...cpu,
    run(spec, out, inputs, params) {
      if ([out, ...inputs].some((t) => t.size >= x.size)) names.push(spec.name);
      cpu.run(spec, out, inputs, params);
    },
  } satisfies Backend);
  run();
  useBackend(cpu);
  return names;
}

/** One step with gradients of x, the parameters and the condition: big kernels forward and backward. */
function step<C extends object>(norm: BoundNorm<C>, condition: C, mode: Mode): string[][] {
  const { params, state } = norm.init();
  const tensors = Object.fromEntries(leaves(condition).map((t, i) => [String(i), t]));
  const names = Object.keys(condition).filter((name) => leaves(condition[name as keyof C]).length);
  const f = (x0: Tensor, p: Tensors, given: Tensors): Tensor => {
    const told = Object.fromEntries(names.map((name, i) => [name, given[String(i)]!]));
    return norm.apply(x0, p, state, { mode, condition: { ...condition, ...told } }).output;
  };
  let pullback: (g: Tensor) => unknown = () => expect.unreachable("no forward");
  const forward = passes(() => {
    pullback = vjp(f, x, params, tensors).pullback;
  });
  return [forward, passes(() => void pullback(ones(shape)))];
}

describe("passes over memory", () => {
  const told: Readonly<Record<string, readonly [BoundNorm<never>, object]>> = {
    "class ids": [
      classConditionalBatchNorm({ numFeatures, numClasses: 10 }),
      { classes: [9, 0, 3, 0] },
    ],
    "soft classes": [
      classConditionalBatchNorm({ numFeatures, numClasses: 8 }),
      { classes: embedding },
    ],
    "BigGAN's classes": [
      bigganBatchNorm({ numFeatures, numClasses: 10 }),
      { classes: [9, 0, 3, 0] },
    ],
    "BigGAN's embedding": [bigganBatchNorm({ numFeatures, embeddingSize: 8 }), { embedding }],
    "FiLM's embedding": [filmBatchNorm({ numFeatures, embeddingSize: 8 }), { embedding }],
    "MLPs of an embedding": [
      conditionalBatchNorm({ numFeatures, embeddingSize: 8, hiddenSize: 16 }),
      { embedding },
    ],
  };
  for (const [name, [norm, condition]] of Object.entries(told)) {
    test(`batch norm told ${name} makes the four of batch norm`, () => {
      expect(step(norm, condition as never, training)).toEqual([
        ["planeMoments", "planeAffine"],
        ["planeSums", "planeCombine"],
      ]);
    });
    test(`in evaluation, told ${name}, it makes one forward`, () => {
      const [forward, backward] = step(norm, condition as never, evaluation);
      expect(forward).toEqual(["planeAffine"]);
      expect(backward!.toSorted()).toEqual(["planeAffine", "planeSums"]);
    });
  }
  test("film makes one forward and two backward", () => {
    const [forward, backward] = step(film({ numFeatures }), { gamma, beta }, training);
    expect(forward).toEqual(["planeAffine"]);
    expect(backward!.toSorted()).toEqual(["planeAffine", "planeSums"]);
  });
  test("adain reads the style once more, and blending costs nothing", () => {
    for (const alpha of [1, 0.5]) {
      const style = stream.normal(shape);
      const [forward, backward] = step(adain({ numFeatures, alpha }), { style }, training);
      expect(forward).toEqual(["planeMoments", "planeMoments", "planeAffine"]);
      expect(backward!.toSorted()).toEqual(["planeAffine", "planeCombine", "planeSums"]);
    }
  });
});
