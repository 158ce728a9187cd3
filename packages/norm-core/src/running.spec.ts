import {
  add,
  type Backend,
  cast,
  cpu,
  EvenkeelError,
  grad,
  leaves,
  mul,
  random,
  square,
  sum,
  type Tensor,
  tensor,
  useBackend,
  ValueError,
  zeros,
} from "@evenkeel/autodiff";
import { expectClose, expectRefusal, ndarray, tolerances } from "@evenkeel/testkit";
import { afterEach, describe, expect, test } from "vitest";
import type { Tensors } from "./norm.ts";
import {
  type BatchStatistics,
  checkFinite,
  hasRunning,
  initRunning,
  runningMap,
  updateAverages,
  updateRunning,
} from "./running.ts";

afterEach(() => useBackend(cpu));

const f64 = (data: Parameters<typeof tensor>[0]): Tensor => tensor(data, { dtype: "float64" });
const numbers = (state: Tensors): Record<string, number[]> =>
  Object.fromEntries(Object.entries(state).map(([name, t]) => [name, [...t.data]]));

const stream = random(1);
const batches: readonly BatchStatistics[] = Array.from({ length: 4 }, () => ({
  mean: stream.normal([3], { dtype: "float64" }),
  variance: stream.uniform([3], { low: 0.5, high: 2, dtype: "float64" }),
}));
const follow = (state: Tensors, momentum: number | null): Tensors =>
  batches.reduce((s, batch) => updateRunning("batchNorm", s, batch, momentum), state);

describe("initRunning", () => {
  test("starts with mean 0, variance 1 and no batches", () => {
    const state = initRunning(2, "float64");
    expect(numbers(state)).toEqual({
      runningMean: [0, 0],
      runningVar: [1, 1],
      numBatchesTracked: [0],
    });
    expect(state["numBatchesTracked"]!.shape).toEqual([]);
    expect(leaves(state).map((t) => t.dtype)).toEqual(["float64", "float64", "float64"]);
    expect(hasRunning(state)).toBe(true);
    expect(hasRunning({})).toBe(false);
  });
});

describe("updateRunning", () => {
  test("cannot average over all batches where nobody counted them", () => {
    const { numBatchesTracked: _, ...uncounted } = initRunning(3, "float64");
    expect(() => updateRunning("batchNorm", uncounted, batches[0]!, null)).toThrow(
      "batchNorm: expected numBatchesTracked in the state, for momentum null, got none. Start from init(), or give a momentum.",
    );
  });
  test("weighs the new batch by the momentum, as PyTorch does", () => {
    for (const momentum of [0, 0.1, 0.25, 1]) {
      const state = follow(initRunning(3, "float64"), momentum);
      const running = (start: number, values: readonly Tensor[]): number[] =>
        [0, 1, 2].map((c) =>
          values.reduce((old, t) => (1 - momentum) * old + momentum * t.data[c]!, start),
        );
      const means = batches.map(({ mean }) => mean);
      const variances = batches.map(({ variance }) => variance);
      const { runningMean, runningVar, numBatchesTracked } = state;
      const near = tolerances.reference;
      expectClose("mean", runningMean!, ndarray([3], running(0, means)), near);
      expectClose("variance", runningVar!, ndarray([3], running(1, variances)), near);
      expect(numBatchesTracked!.item()).toBe(4);
    }
  });
  test("without a momentum gives the plain mean of all batches, whatever stood there before", () => {
    const state = follow(initRunning(3, "float64"), null);
    const average = (pick: (b: BatchStatistics) => Tensor): number[] =>
      [0, 1, 2].map((c) => batches.reduce((a, b) => a + pick(b).data[c]!, 0) / batches.length);
    const near = tolerances.reference;
    expectClose(
      "mean",
      state["runningMean"]!,
      ndarray(
        [3],
        average((b) => b.mean),
      ),
      near,
    );
    expectClose(
      "variance",
      state["runningVar"]!,
      ndarray(
        [3],
        average((b) => b.variance),
      ),
      near,
    );
  });
  test("stores the variance that the caller gives: biased or unbiased is the caller's", () => {
    const state = initRunning(1, "float64");
    for (const variance of [2, 3]) {
      const batch = { mean: f64([0]), variance: f64([variance]) };
      expect(updateRunning("batchNorm", state, batch, 1)["runningVar"]!.item()).toBe(variance);
    }
  });
  test("takes statistics of any shape with one entry per channel, and keeps the state's dtype", () => {
    const state = initRunning(3, "float32");
    const { mean, variance } = batches[0]!;
    const batch = {
      mean: add(mean, zeros([1, 3], { dtype: "float64" })),
      variance: add(variance, zeros([1, 3], { dtype: "float64" })),
    };
    const next = updateRunning("batchNorm", state, batch, 1);
    expect([...next["runningMean"]!.data]).toEqual([...cast(mean, "float32").data]);
    for (const t of leaves(next)) expect(t.dtype).toBe("float32");
    expect(next["runningMean"]!.shape).toEqual([3]);
  });
  test("leaves the state that came in as it was, and everything else in it alone", () => {
    const state = { ...initRunning(3, "float64"), ema: f64([5]) };
    const before = numbers(state);
    const next = follow(state, 0.1);
    expect(numbers(state)).toEqual(before);
    expect(next["ema"]).toBe(state.ema);
  });
  test("hands back a state without running statistics as it came", () => {
    for (const state of [{}, { other: f64([1]) }] as const) {
      expect(updateRunning("batchNorm", state, batches[0]!, 0.1)).toBe(state);
    }
  });
  test("averages whatever other statistics a norm keeps, by their names", () => {
    const state = { runningStd: f64([1, 2]), numBatchesTracked: f64([0]), other: f64([9]) };
    const first = updateAverages("norm", state, { runningStd: f64([3, 4]) }, 0.5);
    expect([...first["runningStd"]!.data]).toEqual([2, 3]);
    expect(first["other"]).toBe(state.other);
    const second = updateAverages("norm", first, { runningStd: f64([8, 9]) }, null);
    expect([...second["runningStd"]!.data]).toEqual([5, 6]);
    expect(second["numBatchesTracked"]!.data[0]).toBe(2);
    expect(() => updateAverages("norm", state, { runningStd: f64([1, Number.NaN]) }, 1)).toThrow(
      "norm: expected a finite running standard deviation, got NaN in channel 1.",
    );
  });
  test("lets no gradient through, to the batch or to the state", () => {
    const state = initRunning(3, "float64");
    const loss = (given: { state: Tensors; mean: Tensor; variance: Tensor }): Tensor => {
      const next = updateRunning("batchNorm", given.state, given, 0.1);
      return sum(square(add(next["runningMean"]!, next["runningVar"]!)));
    };
    const { mean, variance } = batches[0]!;
    for (const g of leaves(grad(loss)({ state, mean, variance }))) {
      expect(Math.max(...g.data.map(Math.abs))).toBe(0);
    }
  });

  const refused: readonly (readonly [string, BatchStatistics, string])[] = [
    ["a NaN", { mean: f64([0, NaN]), variance: f64([1, 1]) }, "running mean, got NaN in channel 1"],
    [
      "an infinite variance",
      { mean: f64([0, 0]), variance: f64([Infinity, 1]) },
      "running variance, got Infinity in channel 0",
    ],
  ];
  for (const [name, batch, words] of refused) {
    test(`refuses a batch with ${name} and leaves the state as it was`, () => {
      const state = initRunning(2, "float64");
      const before = numbers(state);
      expectRefusal(
        name,
        () => updateRunning("batchNorm", state, batch, 0.1),
        `batchNorm: expected a finite ${words}. ` +
          "Look for NaN, Infinity or huge numbers in the input; the state was left as it was.",
      );
      expect(numbers(state)).toEqual(before);
    });
  }
  test("refuses numbers that are finite in float64 but not in the state's float32", () => {
    const batch = { mean: f64([1e300]), variance: f64([1]) };
    expect(() => updateRunning("batchNorm", initRunning(1, "float32"), batch, 1)).toThrow(
      ValueError,
    );
  });
});

describe("runningMap", () => {
  const state = { runningMean: f64([1, -1]), runningVar: f64([3, 8]) };
  const params = { weight: f64([2, 5]), bias: f64([7, -7]) };
  test("subtracts the running mean and divides by the root of the running variance", () => {
    const bare = runningMap("batchNorm", state, 1, {}, "float64");
    expect(leaves(bare).map((t) => [...t.data])).toEqual([
      [1, -1],
      [0.5, 1 / 3],
      [0, 0],
    ]);
    const map = runningMap("batchNorm", state, 1, params, "float64");
    expectClose("scale", map.scale, ndarray([2], [1, 5 / 3]), tolerances.reference);
    expect([...map.shift.data]).toEqual([7, -7]);
  });
  test("comes in the dtype asked for", () => {
    for (const t of leaves(runningMap("batchNorm", state, 1, params, "float32"))) {
      expect(t.dtype).toBe("float32");
    }
  });
  test("lets gradients through to weight and bias, none to the statistics", () => {
    const loss = (given: { state: Tensors; params: Tensors }): Tensor => {
      const map = runningMap("batchNorm", given.state, 1, given.params, "float64");
      return sum(add(mul(map.center, map.scale), map.shift));
    };
    const grads = grad(loss)({ state, params });
    expect(numbers(grads.state)).toEqual({ runningMean: [0, 0], runningVar: [0, 0] });
    expectClose("weight", grads.params["weight"]!, f64([0.5, -1 / 3]), tolerances.reference);
    expect([...grads.params["bias"]!.data]).toEqual([1, 1]);
  });
  test("refuses running statistics that are not finite", () => {
    const words = (what: string, got: string): string =>
      `batchNorm: expected a finite ${what}, got ${got}. ` +
      "Look for NaN, Infinity or huge numbers in the input; the state was left as it was.";
    const map = (changed: Tensors) => () =>
      runningMap("batchNorm", { ...state, ...changed }, 1, {}, "float64");
    const bad = f64([0, NaN]);
    expectRefusal("mean", map({ runningMean: bad }), words("running mean", "NaN in channel 1"));
    expectRefusal(
      "variance",
      map({ runningVar: bad }),
      words("running variance", "NaN in channel 1"),
    );
  });
});

test("checkFinite looks at nothing where memory cannot be read at once", () => {
  const bad = f64([-Infinity]);
  expect(() => checkFinite("batchNorm", "weight", bad)).toThrow(EvenkeelError);
  const far: Backend = { ...cpu, name: "far", inProcess: false };
  useBackend(far);
  expect(() => checkFinite("batchNorm", "weight", bad)).not.toThrow();
});
