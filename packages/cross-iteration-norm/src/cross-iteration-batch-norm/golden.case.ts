import {
  add,
  broadcastTo,
  concat,
  mul,
  reshape,
  slice,
  square,
  sub,
  type Tensor,
  tensor,
  zerosLike,
} from "@evenkeel/autodiff";
import { conv2d } from "@evenkeel/nn";
import type { Tensors } from "@evenkeel/norm-core";
import type { GoldenAdapter, GoldenConfig } from "@evenkeel/testkit";
import { convolveAndTell } from "./conv2d.ts";
import type {
  CrossIterationBatchNormCondition,
  CrossIterationBatchNormOptions,
} from "./cross-iteration-batch-norm.ts";

type Options = CrossIterationBatchNormOptions;

interface Config extends Omit<Options, "numFeatures"> {
  readonly bufferNum: number;
  readonly burnIn: number;
  readonly frozen: boolean;
  readonly stride: number;
  readonly padding: number;
}

const configOf = (config: GoldenConfig): Config => config as unknown as Config;

/** The published code's file: a convolution, then the norm; mean squares where we keep variances. */
export const goldenCrossIteration: GoldenAdapter<Options, CrossIterationBatchNormCondition> = {
  method: "cross-iteration-bn",
  options(config, _, { params }) {
    const { frozen, stride: _s, padding: _p, ...options } = configOf(config);
    if (frozen) return undefined;
    const [numFeatures, ...filterShape] = params["convWeight"]!.shape as [number, ...number[]];
    return { ...options, numFeatures, filterShape };
  },
  names: { running_mean: "runningMean", running_var: "runningVar" },
  around: ["convWeight"],
  apply({ bound, x, params, state, mode, config }) {
    const { convWeight, ...own } = params;
    const { stride, padding } = configOf(config);
    const { output, condition } = convolveAndTell(
      (input, weight) => conv2d(input, weight, { stride, padding }),
      x,
      convWeight!,
      { groups: 1, slopes: mode.update },
    );
    return bound.apply(output, own, state, { mode, condition });
  },
  state: { from: stateOf, to: buffersOf },
};

/** Rows that no batch has filled stand behind the file's. */
function stateOf(buffers: Tensors, initial: Tensors, _config: GoldenConfig): Tensors {
  const { iterCount, preMu, preMeanX2, preDmuDw, preDmeanX2Dw, preWeight, ...running } = buffers;
  const [rows, channels] = preMu!.shape as [number, number];
  const filled = (name: string, t: Tensor): Tensor => concat([t, slice(initial[name]!, [rows])], 0);
  const center = reshape(preMu!, [rows, channels, ...preDmuDw!.shape.slice(2).map(() => 1)]);
  return {
    ...initial,
    ...running,
    numBatchesTracked: reshape(iterCount!, []),
    preCount: tensor(Float64Array.of(rows), { shape: [] }),
    preMu: filled("preMu", preMu!),
    preVar: filled("preVar", sub(preMeanX2!, square(preMu!))),
    preDmuDw: filled("preDmuDw", slice(preDmuDw!, [0, 0], [rows, Math.min(1, channels)])),
    preDvarDw: filled("preDvarDw", sub(preDmeanX2Dw!, mul(mul(2, center), preDmuDw!))),
    preWeight: filled("preWeight", preWeight!),
  };
}

function buffersOf(state: Tensors, config: GoldenConfig): Tensors {
  const { burnIn } = configOf(config);
  const { preCount, numBatchesTracked, runningMean, runningVar } = state;
  const stored = (name: string): Tensor => slice(state[name]!, [0], [preCount!.item()]);
  const [preMu, preVar, preWeight] = [stored("preMu"), stored("preVar"), stored("preWeight")];
  const preDmuDw = broadcastTo(stored("preDmuDw"), preWeight.shape);
  const center = reshape(preMu, [...preMu.shape, ...preWeight.shape.slice(2).map(() => 1)]);
  const iterations = burnIn > 0 ? numBatchesTracked! : zerosLike(numBatchesTracked!);
  return {
    runningMean: runningMean!,
    runningVar: runningVar!,
    iterCount: reshape(iterations, [1]),
    preMu,
    preMeanX2: add(preVar, square(preMu)),
    preDmuDw,
    preDmeanX2Dw: add(stored("preDvarDw"), mul(mul(2, center), preDmuDw)),
    preWeight,
  };
}
