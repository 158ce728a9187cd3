import {
  add,
  type Backend,
  cpu,
  mean,
  mul,
  ones,
  random,
  rsqrt,
  type Tensor,
  tensor,
  useBackend,
  vjp,
  zeros,
} from "@evenkeel/autodiff";
import { expectClose, expectRefusal, ndarray, tolerances } from "@evenkeel/testkit";
import { afterEach, describe, expect, test } from "vitest";
import { type BatchCall, batchOptions, normalizeBatch } from "./batch-statistics.ts";
import { evaluation, type Mode, type Tensors, training } from "./norm.ts";
import { checkOptions } from "./options.ts";
import { standardMap } from "./rules.ts";
import { initRunning } from "./running.ts";

afterEach(() => useBackend(cpu));

const near = tolerances.reference;
const [samples, channels, space] = [4, 3, 5];
const stream = random(1);
const draw = (...shape: number[]): Tensor => stream.normal(shape, { dtype: "float64" });
const x = add(draw(samples, channels, space), 2);
const options = checkOptions("someNorm", { numFeatures: channels }, batchOptions);
const state: Tensors = {
  ...initRunning(channels, "float64"),
  runningMean: draw(channels),
  runningVar: stream.uniform([channels], { low: 0.5, high: 2, dtype: "float64" }),
};
const callOf = (rest: Partial<BatchCall<Tensors>> = {}): BatchCall<Tensors> => ({
  state,
  options,
  mode: training,
  ...rest,
});

/** Mean and biased variance of every channel, in loops. */
function momentsOf(values: Tensor): { mean: number; variance: number }[] {
  return Array.from({ length: channels }, (_, c) => {
    const own = [...values.data].filter((_v, i) => Math.floor(i / space) % channels === c);
    const m = own.reduce((s, v) => s + v, 0) / own.length;
    return { mean: m, variance: own.reduce((s, v) => s + (v - m) ** 2, 0) / own.length };
  });
}

/** (x − mean)/√(variance + eps) times a weight for each sample and channel. */
function expectedOf(weight: Tensor, by: readonly { mean: number; variance: number }[]): Tensor {
  const data = Float64Array.from(x.data, (v, i) => {
    const plane = Math.floor(i / space);
    const { mean: m, variance: s } = by[plane % channels]!;
    return ((v - m) / Math.sqrt(s + 1e-5)) * weight.data[plane]!;
  });
  return tensor(data, { shape: x.shape });
}

const weight = draw(samples, channels);
const running = [0, 1, 2].map((c) => ({
  mean: state["runningMean"]!.data[c]!,
  variance: state["runningVar"]!.data[c]!,
}));

describe("normalizeBatch", () => {
  test("normalizes by the batch and gives every sample its own weight", () => {
    const { output } = normalizeBatch("someNorm", x, { weight }, callOf({ perSample: true }));
    expectClose("output", output, expectedOf(weight, momentsOf(x)), near);
  });
  test("normalizes by running statistics and leaves the very state", () => {
    const call = callOf({ perSample: true, mode: evaluation });
    const { output, state: after } = normalizeBatch("someNorm", x, { weight }, call);
    expectClose("output", output, expectedOf(weight, running), near);
    expect(after).toBe(state);
  });
  test("stores the same statistics per sample, per batch and with a mask of ones, in either mode", () => {
    const modes: readonly Mode[] = [training, { statistics: "running", update: true }];
    const mask = ones([samples], { dtype: "float64" });
    for (const mode of modes) {
      for (const rest of [{}, { perSample: true }, { mask }]) {
        const { state: after } = normalizeBatch("someNorm", x, {}, callOf({ mode, ...rest }));
        const n = samples * space;
        const wanted = momentsOf(x).map((m, c) => [
          0.9 * running[c]!.mean + 0.1 * m.mean,
          0.9 * running[c]!.variance + (0.1 * m.variance * n) / (n - 1),
        ]);
        const stored = (i: number) =>
          ndarray(
            [channels],
            wanted.map((pair) => pair[i]!),
          );
        expectClose("mean", after["runningMean"]!, stored(0), near);
        expectClose("variance", after["runningVar"]!, stored(1), near);
      }
    }
  });
  test("normalizes and stores what `batch` says, averaged over samples", () => {
    const call = callOf({ perSample: true, batch: (planes) => planes });
    const { output, state: after } = normalizeBatch("someNorm", x, {}, call);
    const centers = mean(output, { axes: [0, 2] });
    expectClose("centers", centers, zeros([channels], { dtype: "float64" }), near);
    const planes = mean(mean(x, { axes: 2 }), { axes: 0 });
    const stored = add(mul(state["runningMean"]!, 0.9), mul(planes, 0.1));
    expectClose("mean", after["runningMean"]!, stored, near);
  });
  test("shows a map the statistics in use and the moments of each plane", () => {
    const gate = (mode: Mode): Tensor =>
      normalizeBatch(
        "someNorm",
        x,
        { weight },
        callOf({
          perSample: true,
          mode,
          map: ({ mean: m, variance }, inputs, planes) => ({
            center: m,
            scale: mul(mul(rsqrt(add(variance, 1e-5)), inputs["weight"]!), planes.mean),
            shift: zeros([1], { dtype: "float64" }),
          }),
        }),
      ).output;
    const gated = mul(weight, mean(x, { axes: 2 }));
    expectClose("training", gate(training), expectedOf(gated, momentsOf(x)), near);
    expectClose("evaluation", gate(evaluation), expectedOf(gated, running), near);
  });
  test("lets a norm keep statistics of its own", () => {
    const own = { latest: zeros([channels]) };
    const call = callOf({ state: own, update: ({ mean: m }) => ({ latest: m }) });
    const { state: after } = normalizeBatch("someNorm", x, {}, call);
    const means = momentsOf(x).map((m) => m.mean);
    expectClose("latest", after["latest"]!, ndarray([channels], means), near);
  });
  test("takes the batch's statistics where there are no running ones", () => {
    const call = callOf({ state: {}, mode: evaluation });
    const { output, state: after } = normalizeBatch("someNorm", x, {}, call);
    const none = ones([samples, channels], { dtype: "float64" });
    expectClose("output", output, expectedOf(none, momentsOf(x)), near);
    expect(after).toEqual({});
  });
  test("refuses one value per statistic in training, with the shape that x has", () => {
    const one = zeros([channels, 1, 1], { dtype: "float64" });
    const zero = { ...options, channelAxis: 0 };
    const call = callOf({ options: zero, perSample: true });
    expectRefusal(
      "one value",
      () => normalizeBatch("someNorm", one, {}, call),
      "someNorm: expected more than one value for each statistic, got shape [3, 1, 1]. Use larger batches, evaluation mode, or group norm.",
    );
  });
});

describe("passes over memory", () => {
  const counted = (run: () => void): string[] => {
    const names: string[] = [];
    const counting: Backend = {
      ...cpu,
      run(spec, out, inputs, params) {
        if ([out, ...inputs].some((t) => t.size >= x.size)) names.push(spec.name);
        cpu.run(spec, out, inputs, params);
      },
    };
    useBackend(counting);
    run();
    useBackend(cpu);
    return names;
  };
  const apply = (call: BatchCall<Tensors>) => (x0: Tensor, w: Tensor) =>
    normalizeBatch("someNorm", x0, { weight: w }, call).output;

  test("a weight per sample costs what batch norm costs: two forward, two backward", () => {
    const f = apply(callOf({ perSample: true }));
    expect(
      counted(() => void vjp(f, x, weight).pullback(ones(x.shape, { dtype: "float64" }))),
    ).toEqual(["planeMoments", "planeAffine", "planeSums", "planeCombine"]);
  });
  test("evaluation makes one, and takes moments only for a map", () => {
    const call = callOf({ perSample: true, mode: evaluation });
    expect(counted(() => void apply(call)(x, weight))).toEqual(["planeAffine"]);
    const map: BatchCall<Tensors>["map"] = (s, i) => standardMap(s.mean, s.variance, 1e-5, i);
    expect(counted(() => void apply({ ...call, map })(x, weight))).toEqual([
      "planeMoments",
      "planeAffine",
    ]);
  });
});
