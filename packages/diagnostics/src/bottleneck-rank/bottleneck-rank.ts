import { checkAxis, fail, OptionError, type Tensor } from "@evenkeel/autodiff";
import { Conv2d, type Module } from "@evenkeel/nn";
import { checkOptions, nonNegative, type OptionRules } from "@evenkeel/norm-core";
import { checkInProcess } from "../in-process.ts";
import { runningOf } from "../running.ts";
import { type Pass, type WatchOptions, watchModules } from "../watch.ts";
import { type BottleneckLayer, type Found, foundIn, layerOf } from "./layer.ts";

/** Thresholds, as shares of the largest singular value of each spectrum. */
export interface BottleneckOptions extends WatchOptions {
  /** For the weights. Default 0.2. */
  readonly weightThreshold?: number;
  /** For the activations. Default 0.1. */
  readonly activationThreshold?: number;
}

/** What `bottleneckRank` finds. */
export interface Bottleneck {
  /** In the order in which they run. */
  readonly layers: readonly BottleneckLayer[];
  /** The smallest total rank of the weights among the middle layers. */
  readonly rank: number;
  /** The median of the same. */
  readonly medianRank: number;
  /** Σ operatorSquared / layers: its slope against depth, at equal loss, estimates the rank, too. */
  readonly meanOperatorSquared: number;
}

const rules: OptionRules<Omit<BottleneckOptions, "condition">> = {
  weightThreshold: nonNegative(0.2),
  activationThreshold: nonNegative(0.1),
};

/**
 * The convolution-bottleneck rank of a network: how many pairs of a frequency and a direction of channels its
 * middle layers keep.
 *
 *     rank = min over middle convolutions of Σ over (u, v) of #{i : values(u, v)[i] > threshold·largest}
 *
 * Middle layers are those from a quarter of the depth to three quarters.
 *
 * **When to use.** To see whether weight decay, a norm or a learning rate drives a deep convolutional network
 * into few frequencies and channels. Ranks of layers on grids of different sizes do not compare: look at
 * stretches between two poolings.
 *
 * **Differs from the paper.** The paper's rank belongs to a function; this is an estimate from one network's
 * weights, with a threshold of ours.
 *
 * @param x - [samples, channels, height, width].
 * @param options.condition - For conditional norms.
 * @throws OptionError for a model without convolutions or for options; whatever the model throws.
 * @throws EvenkeelError on a backend whose memory is not in the process.
 *
 * @example
 * const { rank, layers } = bottleneckRank(model, x);
 * for (const { name, weightRanks } of layers) console.log(name, weightRanks.total, rank);
 *
 * @see Wen, Jacot: Which Frequencies do CNNs Need? https://arxiv.org/abs/2402.08010
 */
export function bottleneckRank(
  model: Module,
  x: Tensor,
  { condition, ...thresholds }: BottleneckOptions = {},
): Bottleneck {
  checkInProcess("bottleneckRank");
  const options = checkOptions("bottleneckRank", thresholds, rules);
  const layers: BottleneckLayer[] = [];
  let last: Found | undefined;
  const settle = (scale?: Float64Array): void => {
    if (last) layers.push(layerOf(last, scale, options));
    last = undefined;
  };
  watchModules(
    model,
    x,
    (pass) => {
      if (last && pass.input === last.pass.output) settle(scaleOf(pass));
      if (!(pass.module instanceof Conv2d)) return;
      settle();
      last = foundIn(pass, pass.module);
    },
    { condition },
  );
  settle();
  if (layers.length === 0) {
    const expected = "a model with convolutions";
    fail({ where: "bottleneckRank", expected, got: "none that ran" }, OptionError);
  }
  const ranks = middle(layers.map(({ weightRanks }) => weightRanks.total)).sort((a, b) => a - b);
  return {
    layers,
    rank: ranks[0]!,
    medianRank: (ranks[(ranks.length - 1) >> 1]! + ranks[ranks.length >> 1]!) / 2,
    meanOperatorSquared:
      layers.reduce((sum, { operatorSquared }) => sum + operatorSquared, 0) / layers.length,
  };
}

/** What a norm multiplies each channel by in evaluation: weight / √(running variance + eps). */
function scaleOf({ module, input }: Pass): Float64Array | undefined {
  const running = runningOf(module);
  if (!running || checkAxis("bottleneckRank", running.channelAxis, input.rank) !== 1) return;
  return running.variance.map((v, c) => (running.weight?.[c] ?? 1) / Math.sqrt(v + running.eps));
}

/** The entries from a quarter of the list to three quarters, at least one. */
function middle<T>(list: readonly T[]): T[] {
  return list.slice(Math.floor(list.length / 4), Math.ceil((3 * list.length) / 4));
}
