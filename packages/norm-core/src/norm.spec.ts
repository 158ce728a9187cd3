import {
  add,
  type DType,
  mul,
  OptionError,
  ones,
  type Random,
  random,
  type Tensor,
  zeros,
} from "@evenkeel/autodiff";
import { expectRefusal } from "@evenkeel/testkit";
import { beforeEach, describe, expect, test } from "vitest";
import { type Card, defineNorm, evaluation, type Mode, training } from "./norm.ts";
import { count, nonNegative } from "./options.ts";

const card: Card = {
  id: "shiftNorm",
  name: "Shift normalization",
  summary: "Adds a learned number.",
  tex: "y = x + b",
  paper: { title: "Shifts", authors: "A. Uthor", year: 2020 },
  keys: { bias: "bias" },
  notes: [],
};
interface Options {
  readonly numFeatures: number;
  readonly factor?: number;
}

/** What the two functions were called with. */
const calls: { options: Required<Options>; dtype?: DType; mode?: Mode; condition?: unknown }[] = [];
const checks: Required<Options>[] = [];
beforeEach(() => {
  calls.length = 0;
  checks.length = 0;
});

const shiftNorm = defineNorm<Options, Tensor>({
  card,
  options: { numFeatures: count(), factor: nonNegative(2) },
  check: (options) => checks.push(options),
  init(options, dtype) {
    calls.push({ options, dtype });
    return { params: { bias: ones([options.numFeatures], { dtype }) }, state: {} };
  },
  apply(x, params, state, options, { mode, condition }) {
    calls.push({ options, mode, condition });
    return { output: add(mul(x, options.factor), params["bias"]!), state };
  },
});

describe("defineNorm", () => {
  const x = zeros([1, 3]);
  test("checks the options once, when they are bound, with their defaults", () => {
    const bound = shiftNorm({ numFeatures: 3 });
    const { params, state } = bound.init();
    bound.apply(x, params, state);
    bound.apply(x, params, state);
    expect(checks).toEqual([{ numFeatures: 3, factor: 2 }]);
    expect(bound.options).toEqual({ numFeatures: 3, factor: 2 });
    expect(calls.map(({ options }) => options)).toEqual([checks[0], checks[0], checks[0]]);
  });
  test("refuses wrong options before anything runs, in the name of the norm", () => {
    expectRefusal(
      "no channels",
      () => shiftNorm({ numFeatures: 0 }),
      "shiftNorm numFeatures: expected a whole number >= 1, got 0.",
    );
    expect(() => shiftNorm({ numFeature: 3 } as unknown as Options)).toThrow(OptionError);
    expect(checks).toEqual([]);
  });
  test("does not see options that change after they were bound", () => {
    const given = { numFeatures: 3 };
    const bound = shiftNorm(given);
    given.numFeatures = 5;
    expect(bound.init().params["bias"]!.shape).toEqual([3]);
  });
  test("makes parameters in float32, or in the dtype asked for", () => {
    const bound = shiftNorm({ numFeatures: 3 });
    expect(bound.init().params["bias"]!.dtype).toBe("float32");
    expect(bound.init({}).params["bias"]!.dtype).toBe("float32");
    expect(bound.init({ dtype: "float64" }).params["bias"]!.dtype).toBe("float64");
  });
  test("draws first values from the stream given, or from one of seed 0", () => {
    const drawn = defineNorm<Options>({
      card,
      options: { numFeatures: count(), factor: nonNegative(2) },
      init: ({ numFeatures }, dtype, stream) => ({
        params: { bias: stream.normal([numFeatures], { dtype }) },
        state: {},
      }),
      apply: (x, _params, state) => ({ output: x, state }),
    })({ numFeatures: 3 });
    const bias = (given?: Random): unknown => drawn.init({ random: given }).params["bias"]!.data;
    expect(bias()).toEqual(bias(random(0)));
    expect(bias(random(1))).toEqual(random(1).normal([3]).data);
    expect(bias(random(1))).not.toEqual(bias());
  });
  test("applies in training unless told otherwise, and passes the condition on", () => {
    const bound = shiftNorm({ numFeatures: 3 });
    const { params, state } = bound.init();
    const condition = ones([1]);
    bound.apply(x, params, state);
    bound.apply(x, params, state, { condition });
    bound.apply(x, params, state, { mode: evaluation });
    expect(calls.slice(1).map(({ mode, condition: c }) => [mode, c])).toEqual([
      [training, undefined],
      [training, condition],
      [evaluation, undefined],
    ]);
  });
  test("hands back what the function returns, the state itself included", () => {
    const bound = shiftNorm({ numFeatures: 3, factor: 0 });
    const { params, state } = bound.init();
    const applied = bound.apply(x, params, state);
    expect(applied.output.toArray()).toEqual([[1, 1, 1]]);
    expect(applied.state).toBe(state);
  });
  test("shows its card, bound or not", () => {
    expect(shiftNorm.card).toBe(card);
    expect(shiftNorm({ numFeatures: 1 }).card).toBe(card);
  });
});

test("training takes batch statistics and updates; evaluation takes running ones and does not", () => {
  expect(training).toEqual({ statistics: "batch", update: true });
  expect(evaluation).toEqual({ statistics: "running", update: false });
});
