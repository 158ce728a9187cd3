import {
  add,
  type Random,
  type Shape,
  sizeOf,
  type Tensor,
  tensor,
  zeros,
} from "@evenkeel/autodiff";
import { evaluation, type Mode, type Tensors, training } from "@evenkeel/norm-core";
import type { NormCase } from "@evenkeel/testkit";
import { crossIterationBatchNormReference } from "./cross-iteration-batch-norm.reference.ts";
import {
  type CrossIterationBatchNormCondition,
  type CrossIterationBatchNormOptions,
  crossIterationBatchNorm,
} from "./cross-iteration-batch-norm.ts";
import { goldenCrossIteration } from "./golden.case.ts";

type Options = CrossIterationBatchNormOptions;

/** What cross-iteration batch norm promises, as data for `normSuite`. */
export const crossIterationBatchNormCase: NormCase<Options, CrossIterationBatchNormCondition> = {
  norm: crossIterationBatchNorm,
  options: (numFeatures) => [
    { numFeatures },
    { numFeatures, filterShape: [2, 3], burnIn: 0, negativeVarianceRule: "max", epsMode: "inside" },
    { numFeatures, filterShape: [2, 1, 2], burnIn: 2, groups: numFeatures, bufferNum: 2 },
    { numFeatures, filterShape: [3], burnIn: 3, twoStage: false, rho: 0.5, momentum: null },
    { numFeatures, burnIn: 0, bufferNum: 1, affine: false, eps: 1e-3, momentum: 0.7 },
  ],
  reference: crossIterationBatchNormReference,
  modes: [
    training,
    evaluation,
    { statistics: "batch", update: false },
    { statistics: "running", update: true },
  ],
  accepts: (shape, _, { statistics, update }: Mode) =>
    sizeOf(shape) / shape[1]! > 1 || (statistics === "running" && !update),
  // The window's statistics are those of other batches, too.
  foreignStatistics: () => true,
  condition: drawCondition,
  conditionRows: (condition) => condition,
  state: drawState,
  laws: [
    {
      name: "rows behind preCount do not count, those before it do",
      modes: [training],
      holds({ options, x, params, state, condition }) {
        const always = { burnIn: 0, twoStage: true, negativeVarianceRule: "max" } as const;
        const bound = crossIterationBatchNorm({ ...options, ...always });
        const empty = { ...state, preCount: zeros([], { dtype: "float64" }) };
        const filled = { ...state, preCount: tensor(Float64Array.of(1), { shape: [] }) };
        const apply = (given: Tensors): Tensor =>
          bound.apply(x, params, given, { mode: training, condition }).output;
        const changed = { ...empty, preMu: add(state["preMu"]!, 5) };
        expectSame(apply(empty), apply(changed), true);
        expectSame(apply(filled), apply({ ...filled, preMu: changed.preMu }), false);
      },
    },
    {
      name: "a weight that has not moved leaves the entries as they were",
      modes: [training],
      holds({ options, x, params, state, condition }) {
        if (!options.filterShape) return;
        const open = { ...options, burnIn: 0 };
        const repeated = repeatRows(condition!.weight, open.bufferNum ?? 3);
        const still = { ...state, preWeight: repeated };
        const apply = (rho: number): Tensor =>
          crossIterationBatchNorm({ ...open, rho }).apply(x, params, still, { condition }).output;
        expectSame(apply(1), apply(0), true);
      },
    },
  ],
  rejects: [
    {
      name: "another number of channels",
      run: ({ bound, params, state }) => bound.apply(zeros([4, 5, 3]), params, state),
      message:
        "crossIterationBatchNorm: expected x with 3 channels on axis 1, got shape [4, 5, 3]. Or pass channelAxis: 2.",
    },
    {
      name: "one value per channel in training",
      run: ({ bound, params, state }) => bound.apply(zeros([1, 3, 1]), params, state),
      message:
        "crossIterationBatchNorm: expected more than one value for each statistic, got shape [1, 3, 1]. Use larger batches, evaluation mode, or group norm.",
    },
    {
      name: "no weight where one is followed",
      run({ x }) {
        const bound = crossIterationBatchNorm({ numFeatures: 3, filterShape: [2] });
        const { params, state } = bound.init({ dtype: "float64" });
        bound.apply(x, params, state);
      },
      message:
        "crossIterationBatchNorm weight: expected shape [3, 2], got none. Pass it in the condition, or let crossIterationConv2d do it.",
    },
    {
      name: "a weight without derivatives in training",
      run({ x }) {
        const bound = crossIterationBatchNorm({ numFeatures: 3, filterShape: [2] });
        const { params, state } = bound.init({ dtype: "float64" });
        bound.apply(x, params, state, { condition: { weight: zeros([3, 2]) } });
      },
      message:
        "crossIterationBatchNorm meanSlope: expected shape [1, 2], got none. Pass it in the condition, or let crossIterationConv2d do it.",
    },
    {
      name: "groups that do not divide the channels",
      run: () => crossIterationBatchNorm({ numFeatures: 3, groups: 2 }),
      message: "crossIterationBatchNorm groups: expected a divisor of numFeatures (3), got 2.",
    },
    {
      name: "NaN in the input of a training step",
      run({ bound, x, params, state }) {
        const broken = x.data.slice();
        broken[0] = Number.NaN;
        bound.apply(tensor(broken, { shape: x.shape }), params, state);
      },
      message:
        "crossIterationBatchNorm: expected a finite running mean, got NaN in channel 0. Look for NaN, Infinity or huge numbers in the input; the state was left as it was.",
    },
  ],
  golden: [goldenCrossIteration],
};

function drawCondition(
  stream: Random,
  _: Shape,
  { numFeatures, filterShape, groups = 1 }: Options,
): CrossIterationBatchNormCondition | undefined {
  if (!filterShape) return undefined;
  const draw = (rows: number): Tensor =>
    stream.normal([rows, ...filterShape], { dtype: "float64", std: 0.3 });
  return { weight: draw(numFeatures), meanSlope: draw(groups), squareSlope: draw(numFeatures) };
}

/** Histories of any length, some entries of which have a negative variance under another weight. */
function drawState(stream: Random, initial: Tensors, { bufferNum = 3 }: Options): Tensors {
  const drawn = Object.entries(initial).map(([name, t]) => {
    const numbers = stream.normal(t.shape, { dtype: "float64", std: 0.3 });
    const positive = name.endsWith("Var") ? tensor(numbers.data.map(Math.abs), numbers) : numbers;
    return [name, positive] as const;
  });
  const scalar = (value: number): Tensor => tensor(Float64Array.of(value), { shape: [] });
  return {
    ...Object.fromEntries(drawn),
    numBatchesTracked: scalar(stream.integer(12)),
    preCount: scalar(stream.integer(bufferNum + 1)),
  };
}

function repeatRows(row: Tensor, times: number): Tensor {
  const data = Float64Array.from({ length: row.size * times }, (_, i) => row.data[i % row.size]!);
  return tensor(data, { shape: [times, ...row.shape] });
}

function expectSame(a: Tensor, b: Tensor, expected: boolean): void {
  const same = a.data.every((v, i) => Math.abs(v - b.data[i]!) <= 1e-12 * (1 + Math.abs(v)));
  if (same !== expected) throw new Error(`expected outputs that are ${expected ? "equal" : "not"}`);
}
