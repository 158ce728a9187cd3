import { mul, type Tensor, tensor } from "@evenkeel/autodiff";
import { defineNorm, type Norm } from "@evenkeel/norm-core";
import { expect, test } from "vitest";
import type { MethodCase } from "./method-case.ts";
import { ndarray } from "./ndarray.ts";
import type { NormCase } from "./norm-case.ts";
import { methodTrials, normTrials } from "./trial.ts";

const card = { id: "double", name: "Double", summary: "x·2" } as Norm<object>["card"];
const double: Norm<object> = defineNorm<object, never>({
  card,
  options: {},
  init: () => ({ params: {}, state: {} }),
  apply: (x) => ({ output: mul(x, 2), state: {} }),
});

const times = (factor: number): NormCase<object> => ({
  norm: double,
  options: () => [{}],
  reference: ({ x }) => ({
    output: ndarray(
      x.shape,
      Array.from(x.data, (v) => factor * v),
    ),
    state: {},
  }),
});

test("a norm is tried in training and evaluation, beside reference and differences", () => {
  const trials = [...normTrials(times(2))];
  expect(trials.map(({ mode }) => mode)).toEqual(["training", "evaluation"]);
  for (const { shape, reference, gradients } of trials) {
    expect(shape).toEqual([3, 4, 3, 2]);
    expect(reference().error).toBe(0);
    expect(gradients().map(({ verdict }) => verdict)).toEqual(["right", "right", "right"]);
  }
});

test("a reference that differs shows by how much", () => {
  const [trial] = normTrials(times(2.5));
  const { error, tolerance } = trial!.reference();
  expect(error).toBeCloseTo(0.2, 6);
  expect(tolerance).toBe(1e-10);
});

test("state that the reference does not have is infinitely far from it", () => {
  const { reference, ...rest } = times(2);
  const extra: NormCase<object>["reference"] = (call) => ({
    ...reference(call),
    state: { other: ndarray([1], [0]) },
  });
  const [trial] = normTrials({ ...rest, reference: extra });
  expect(trial!.reference().error).toBe(Infinity);
});

test("modes that a case does not take, and orders that it does not promise, are left out", () => {
  const limited = {
    ...times(2),
    accepts: (_: unknown, __: object, { update }: { readonly update: boolean }) => update,
    gradientOrder: 1,
  } as const;
  const trials = [...normTrials(limited)];
  expect(trials.map(({ mode }) => mode)).toEqual(["training"]);
  expect(trials[0]!.gradients()).toHaveLength(1);
  expect([...normTrials({ ...times(2), gradientOrder: 0 })][0]!.gradients()).toEqual([]);
});

test("a method is tried on what its case draws", () => {
  const method: MethodCase = {
    card,
    call: ([x]: readonly Tensor[]) => mul(x!, x!),
    reference: ([x]) =>
      ndarray(
        x!.shape,
        Array.from(x!.data, (v) => v * v),
      ),
    draw: (stream) => ({
      inputs: [tensor([stream.next(), stream.next()], { dtype: "float64" })],
      params: undefined,
    }),
  };
  const trials = [...methodTrials(method, { seed: 3, count: 2 })];
  expect(trials).toHaveLength(2);
  for (const { shape, mode, reference, gradients } of trials) {
    expect([shape, mode]).toEqual([[2], undefined]);
    expect(reference().error).toBe(0);
    expect(gradients().map(({ verdict }) => verdict)).toEqual(["right", "right", "right"]);
  }
  expect([...methodTrials({ ...method, order: 0 }, { count: 1 })][0]!.gradients()).toEqual([]);
});
