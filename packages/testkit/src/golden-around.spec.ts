import { mul, sub, sum, type Tensor, zeros } from "@evenkeel/autodiff";
import type { BoundNorm } from "@evenkeel/norm-core";
import { describe, expect, test } from "vitest";
import { runGolden } from "./golden.ts";
import type { GoldenCase, GoldenFile, GoldenStep } from "./golden-file.ts";
import type { GoldenAdapter } from "./golden-step.ts";

/** y = (x − center)·weight; the next center is the last x. */
function following(): BoundNorm {
  return {
    card: { id: "following" } as never,
    options: {},
    init: ({ dtype = "float32" } = {}) => ({
      params: { weight: zeros([1], { dtype }) },
      state: { center: zeros([1], { dtype }) },
    }),
    apply: (x, { weight }, { center }) => ({
      output: mul(sub(x, center!), weight!),
      state: { center: x },
    }),
  };
}

const t = (...data: number[]) => ({ shape: [data.length], data });
const step = (x: number, center: number): GoldenStep => ({
  inputs: { x: t(x) },
  gradOutput: t(1),
  output: t(2 * (x - center)),
  gradInputs: { x: t(2) },
  gradParams: { weight: t(x - center) },
  buffersAfter: { center: t(x) },
});
const one: GoldenCase = {
  name: "two steps",
  config: {},
  mode: "train",
  params: { weight: t(2) },
  buffersBefore: { center: t(0) },
  steps: [step(3, 0), step(5, 3)],
};
const fileOf = (...cases: GoldenCase[]): GoldenFile => ({
  method: "following",
  source: "by hand",
  notes: "",
  cases,
});
const adapter: GoldenAdapter<object> = { method: "following", options: (config) => config };
const worst = (file: GoldenFile, how = adapter): number =>
  Math.max(...runGolden(file, following, how).flatMap((r) => r.comparisons.map((c) => c.error)));

describe("a golden file with more than the norm in it", () => {
  test("is differentiated by parameters of what stands around the norm", () => {
    const [first] = one.steps as [GoldenStep];
    const gained = {
      ...one,
      params: { weight: t(2), gain: t(1) },
      steps: [{ ...first, gradParams: { weight: t(3), gain: t(6) } }],
    };
    const how: typeof adapter = {
      ...adapter,
      around: ["gain"],
      apply: ({ bound, x, params: { gain, ...own }, state }) =>
        bound.apply(mul(x, gain!), own, state),
    };
    expect(worst(fileOf(gained), how)).toBe(0);
    expect(() => worst(fileOf(gained))).toThrow("expected weight [1], got gain [1], weight [1]");
  });

  test("may keep buffers in another form than the norm", () => {
    const negative = (tensor: Tensor | undefined): Tensor => mul(tensor!, -1);
    const how: typeof adapter = {
      ...adapter,
      state: {
        from: ({ away }) => ({ center: negative(away) }),
        to: ({ center }) => ({ away: negative(center) }),
      },
    };
    const steps = one.steps.map((s) => {
      const [v] = s.buffersAfter["center"]!.data as [number];
      return { ...s, buffersAfter: { away: t(-v) } };
    });
    const file = fileOf({ ...one, buffersBefore: { away: t(0) }, steps });
    expect(worst(file, how)).toBe(0);
    expect(() => worst(file)).toThrow("expected center [1]");
  });

  test("may have a second output, with which that of apply is compared", () => {
    const [first] = one.steps as [GoldenStep];
    const how: typeof adapter = {
      ...adapter,
      understands: ["again"],
      apply: ({ bound, x, params, state }) => ({
        ...bound.apply(x, params, state),
        others: { again: mul(x, 3) },
      }),
    };
    expect(worst(fileOf({ ...one, steps: [{ ...first, again: t(9) }] }), how)).toBe(0);
    expect(worst(fileOf({ ...one, steps: [{ ...first, again: t(8) }] }), how)).toBeGreaterThan(0.1);
  });

  test("may differentiate a loss of its own, and train parameters that are compared", () => {
    const [first] = one.steps as [GoldenStep];
    const how: typeof adapter = {
      ...adapter,
      understands: ["paramsAfter"],
      apply: ({ bound, x, params, state }) => ({
        ...bound.apply(x, params, state),
        loss: sum(mul(params["weight"]!, 5)),
        paramsAfter: { weight: mul(params["weight"]!, 3) },
      }),
    };
    const trained = (gradient: number, after: number): GoldenFile => {
      const given = { gradOutput: null, gradInputs: {}, gradParams: { weight: t(gradient) } };
      return fileOf({ ...one, steps: [{ ...first, ...given, paramsAfter: { weight: t(after) } }] });
    };
    expect(worst(trained(5, 6), how)).toBe(0);
    expect(worst(trained(4, 6), how)).toBeGreaterThan(0.1);
    expect(worst(trained(5, 7), how)).toBeGreaterThan(0.1);
  });
});
