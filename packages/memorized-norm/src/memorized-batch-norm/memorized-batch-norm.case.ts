import {
  concat,
  type Random,
  sizeOf,
  slice,
  stopGradient,
  type Tensor,
  tensor,
  zeros,
} from "@evenkeel/autodiff";
import { evaluation, type Mode, type Tensors, training } from "@evenkeel/norm-core";
import type { GoldenAdapter, NormCase } from "@evenkeel/testkit";
import { memorizedBatchNormReference } from "./memorized-batch-norm.reference.ts";
import { type MemorizedBatchNormOptions, memorizedBatchNorm } from "./memorized-batch-norm.ts";

type Options = MemorizedBatchNormOptions;

/** What memorized batch norm promises, as data for `normSuite`. */
export const memorizedBatchNormCase: NormCase<Options> = {
  norm: memorizedBatchNorm,
  options: (numFeatures) => [
    { numFeatures },
    { numFeatures, varianceRule: "pooled", decay: 1, memorySize: 2 },
    { numFeatures, affine: false, eps: 1e-3, burnIn: 2 },
    { numFeatures, decay: 0, memorySize: 1 },
  ],
  reference: memorizedBatchNormReference,
  modes: [
    training,
    evaluation,
    { statistics: "batch", update: false },
    { statistics: "running", update: true },
  ],
  accepts: (shape, { varianceRule }, { statistics, update }: Mode) =>
    varianceRule === "pooled" ||
    sizeOf(shape) / shape[1]! > 1 ||
    (statistics === "running" && !update),
  // The memory's statistics are those of other batches.
  foreignStatistics: () => true,
  state: drawState,
  laws: [
    {
      name: "with decay 0 other batches do not count",
      modes: [training],
      holds({ options, x, params, state }) {
        const bound = memorizedBatchNorm({ ...options, decay: 0 });
        const fresh = bound.init({ dtype: "float64" }).state;
        const [some, none] = [state, fresh].map((s) => bound.apply(x, params, s).output);
        expectNear(some!, none!);
      },
    },
    {
      name: "the memory keeps memorySize batches, the newest in front",
      modes: [training],
      holds({ bound, x, params, state }) {
        const next = bound.apply(x, params, state).state["memoryMean"]!;
        const rows = state["memoryMean"]!;
        expectNear(slice(next, [1]), slice(rows, [0], [rows.shape[0]! - 1]));
      },
    },
  ],
  rejects: [
    {
      name: "another number of channels",
      run: ({ bound, params, state }) => bound.apply(zeros([4, 5, 3]), params, state),
      message:
        "memorizedBatchNorm: expected x with 3 channels on axis 1, got shape [4, 5, 3]. Or pass channelAxis: 2.",
    },
    {
      name: "evaluation with an empty memory",
      run({ bound, x, params }) {
        const { state } = bound.init({ dtype: "float64" });
        bound.apply(x, params, state, { mode: evaluation });
      },
      message:
        "memorizedBatchNorm: expected statistics of at least one batch, got an empty memory. Train before you evaluate, or load a state.",
    },
    {
      name: "one value per channel in training",
      run: ({ bound, params, state }) => bound.apply(zeros([1, 3, 1]), params, state),
      message:
        'memorizedBatchNorm: expected more than one value for each statistic, got shape [1, 3, 1]. Use larger batches, or varianceRule "pooled".',
    },
    {
      name: "a decay of 2",
      run: () => memorizedBatchNorm({ numFeatures: 3, decay: 2 }),
      message: "memorizedBatchNorm decay: expected a number from 0 to 1, got 2.",
    },
    {
      name: "NaN in the input of a training step",
      run({ bound, x, params, state }) {
        const broken = x.data.slice();
        broken[0] = Number.NaN;
        bound.apply(tensor(broken, { shape: x.shape }), params, state);
      },
      message:
        "memorizedBatchNorm: expected a finite mean of the batch, got NaN in channel 0. Look for NaN, Infinity or huge numbers in the input; the state was left as it was.",
    },
  ],
  golden: [goldenMemorized()],
};

/** Memories with at least one batch, which evaluation needs. */
function drawState(stream: Random, initial: Tensors, { memorySize = 3 }: Options): Tensors {
  const { memoryMean, memoryVar } = initial;
  const draw = (t: Tensor): Tensor => stream.normal(t.shape, { dtype: "float64" });
  const tracked = 1 + stream.integer(memorySize + 2);
  return {
    memoryMean: draw(memoryMean!),
    memoryVar: tensor(draw(memoryVar!).data.map(Math.abs), memoryVar!),
    numBatchesTracked: tensor(Float64Array.of(tracked), { shape: [] }),
  };
}

/** The file's memory has only the rows that are filled; a step may have a second forward. */
function goldenMemorized(): GoldenAdapter<Options> {
  return {
    method: "memorized-bn",
    options: (config, shape) => ({ ...(config as Partial<Options>), numFeatures: shape[1]! }),
    understands: ["outputRefresh"],
    apply({ bound, x, inputs, params, state, mode }) {
      const first = bound.apply(x, params, state, { mode });
      const { xRefresh } = inputs;
      if (!xRefresh) return first;
      const second = bound.apply(xRefresh, params, state, { mode });
      const { output } = first;
      const others = { outputRefresh: stopGradient(second.output) };
      return { output, state: second.state, others };
    },
    state: {
      from({ memoryMean, memoryVar }, initial) {
        const filled = (t: Tensor): Tensor =>
          concat([t, slice(initial["memoryMean"]!, [t.shape[0]!])], 0);
        return {
          memoryMean: filled(memoryMean!),
          memoryVar: filled(memoryVar!),
          numBatchesTracked: tensor(Float64Array.of(memoryMean!.shape[0]!), { shape: [] }),
        };
      },
      to({ memoryMean, memoryVar, numBatchesTracked }) {
        const rows = Math.min(memoryMean!.shape[0]!, numBatchesTracked!.item());
        return {
          memoryMean: slice(memoryMean!, [0], [rows]),
          memoryVar: slice(memoryVar!, [0], [rows]),
        };
      },
    },
  };
}

function expectNear(got: Tensor, expected: Tensor): void {
  got.data.forEach((v, i) => {
    const gap = Math.abs(v - expected.data[i]!);
    if (!(gap <= 1e-12 * (1 + Math.abs(v))))
      throw new Error(`expected ${expected.data[i]}, got ${v}`);
  });
}
