import { cast, type DType, mean, reshape, type Tensor, type Value } from "@evenkeel/autodiff";
import { checkInput, checkMoreThanOne } from "./check.ts";
import { batchPlanes, samplePlanes, samplesFirst } from "./layout.ts";
import { type Masked, maskedPlanes } from "./mask.ts";
import { type Moments, merge, unbiasedVariance, variance } from "./moments.ts";
import type { Applied, Mode, Tensors } from "./norm.ts";
import {
  type Activation,
  affinePlanes,
  momentsOfPlanes,
  normalizePlanes,
  statisticsDType,
} from "./normalize.ts";
import { axis, count, flag, fractionOrNull, nonNegative, type OptionRules } from "./options.ts";
import type { PlaneMap } from "./plane-rule.ts";
import { standardMap } from "./rules.ts";
import {
  type BatchStatistics,
  hasRunning,
  runningMap,
  runningStatistics,
  updateRunning,
} from "./running.ts";
import { standardPlanes } from "./standard-planes.ts";

/** Options of every norm by the statistics of a batch, in PyTorch's vocabulary. */
export interface BatchOptions {
  /** Number of channels. */
  readonly numFeatures: number;
  /** Added to the variance, inside the root. Default 1e-5. */
  readonly eps?: number;
  /** Weight of the new batch in the running statistics; null averages over all batches. Default 0.1. */
  readonly momentum?: number | null;
  /** Keep running statistics; without them evaluation uses the batch's. Default true. */
  readonly trackRunningStats?: boolean;
  /** Where the channels are; negative counts from the end. Default 1. */
  readonly channelAxis?: number;
  /** Store the unbiased variance, as PyTorch; false stores the biased one, as Keras. Default true. */
  readonly unbiasedRunningVar?: boolean;
}

/** The rules of `BatchOptions`, with PyTorch's defaults: to spread into a norm's own. */
export const batchOptions: OptionRules<BatchOptions> = {
  numFeatures: count(),
  eps: nonNegative(1e-5),
  momentum: fractionOrNull(0.1),
  trackRunningStats: flag(true),
  channelAxis: axis(1),
  unbiasedRunningVar: flag(true),
};

/** How a norm by batch statistics goes about a call; all but the first three have the usual default. */
export interface BatchCall<I extends Tensors> {
  readonly state: Tensors;
  readonly options: Required<BatchOptions>;
  readonly mode: Mode;
  /** Applied in the same passes over memory; a norm that hands it on sets `fusesActivation`. */
  readonly activation?: Activation | undefined;
  /** How much each sample or position counts in the statistics; see `maskedPlanes`. */
  readonly mask?: Tensor | undefined;
  /** One plane per sample and channel, so that inputs may be [samples, channels]. Default false. */
  readonly perSample?: boolean;
  /** With `perSample`: normalize each sample by itself, and store the average. Default false. */
  readonly apart?: boolean;
  /** The moments to normalize by and to store, from those of the planes. Default: all planes together. */
  readonly batch?: (planes: Moments, inputs: I) => Moments;
  /**
   * The affine map by statistics of the batch or running ones. Default: `standardMap` with the inputs'
   * weight and bias. It may look at the planes' moments, as a gate does; evaluation then takes them, one
   * more pass over x.
   */
  readonly map?: (statistics: BatchStatistics, inputs: I, planes: Moments) => PlaneMap;
  /** The next state. Default: `updateRunning` with the options' momentum. */
  readonly update?: (batch: BatchStatistics) => Tensors;
}

/**
 * Normalizes x as batch norm does, by the batch's statistics or by running ones as the mode says, and
 * gives the next running statistics:
 *
 *     y = weight·(x − mean) / √(var + eps) + bias
 *
 * **When to use.** For a norm that differs from batch norm in where weight and bias come from, or in a
 * gate: it is the rest of batch norm.
 *
 * @param where - The norm, for errors.
 * @param inputs - What gradients must reach; `weight` and `bias` broadcast to [channels], or with
 *   `perSample` to [samples, channels].
 * @throws ShapeError for a wrong rank, channel count, an empty batch, or one value per statistic where
 *   the mode asks for the batch's; ValueError for statistics that are not finite.
 *
 * @example
 * const state = initRunning(3, "float32");
 * const rows = random(1).normal([8, 3]); // a weight for each sample and channel
 * const options = checkOptions("example", { numFeatures: 3 }, batchOptions);
 * const x = random(2).normal([8, 3, 4, 4]);
 * const call = { state, options, mode: training, perSample: true };
 * const { output } = normalizeBatch("example", x, { weight: rows }, call);
 */
export function normalizeBatch<I extends Tensors>(
  where: string,
  x: Tensor,
  inputs: I,
  call: BatchCall<I>,
): Applied {
  const { state, options, mode, activation } = call;
  const dtype = statisticsDType(x);
  const byRunning = mode.statistics === "running" && hasRunning(state);
  const view = viewOf(where, x, call, mode.update || !byRunning);
  const { layout, restore } = view;
  const batch = call.batch ?? ((planes: Moments) => joined(planes, view, call.apart));
  const update = (moments: Moments): Tensors =>
    mode.update ? next(where, x, moments, call) : state;
  if (byRunning && !call.map) {
    const map = runningMap(where, state, options.eps, inputs, dtype);
    const output = restore(affinePlanes(view.x, map, { layout, activation }));
    if (!mode.update) return { output, state };
    const moments = momentsOfPlanes(view.x, layout);
    return { output, state: update(batch(moments, castAll(inputs, dtype))) };
  }
  if (!call.map && !call.batch && !view.weights) {
    const [{ eps }, acrossSamples] = [options, !call.apart];
    const values = x.size / layout.channels / (acrossSamples ? 1 : layout.samples);
    if (mode.statistics === "batch" || call.apart) checkCount(where, x, values, call);
    const around = { eps, acrossSamples, layout, activation };
    const { output, moments } = standardPlanes(view.x, inputs, around);
    return { output: restore(output), state: mode.update ? update(moments()) : state };
  }
  const running = byRunning ? runningStatistics(where, state, dtype) : undefined;
  const map = call.map ?? (({ mean: m, variance: v }, i) => standardMap(m, v, options.eps, i));
  const { output, aux } = normalizePlanes(
    view.x,
    inputs,
    (planes, given) => {
      const all = batch(planes, given);
      if (mode.statistics === "batch") checkCount(where, x, all.count, call);
      const own = { mean: all.mean, variance: variance(all) };
      return { ...map(running ?? own, given, planes), aux: all };
    },
    { layout, activation },
  );
  return { output: restore(output), state: update(aux) };
}

type View = Omit<Masked, "weights"> & { readonly weights?: Tensor };

/** x as planes. The mask matters only where the batch's moments do. */
function viewOf<I extends Tensors>(
  where: string,
  x: Tensor,
  { options, mask, perSample = false }: BatchCall<I>,
  masked: boolean,
): View {
  const channelAxis = checkInput(where, x, options);
  if (mask && masked) return maskedPlanes(where, x, channelAxis, mask);
  if (!perSample) return { x, layout: batchPlanes(x.shape, channelAxis), restore: (y) => y };
  const first = samplesFirst(x, channelAxis);
  return { ...first, layout: samplePlanes(first.x.shape, first.axis) };
}

/** The batch's moments: those of all planes, or with a mask of the parts that count. */
function joined(planes: Moments, { layout, weights }: View, apart = false): Moments {
  if (weights) return merge(planes, { axes: 0, weights: cast(weights, planes.mean.dtype) });
  return layout.samples > 1 && !apart ? merge(planes, { axes: 0 }) : planes;
}

type Apart = Pick<BatchCall<Tensors>, "apart">;

function checkCount(where: string, x: Tensor, n: Value, { apart }: Apart): void {
  if (typeof n !== "number") return;
  const [samples, space] = [
    "Use larger batches, evaluation mode, or group norm.",
    "It needs at least one axis of space.",
  ];
  checkMoreThanOne(where, x, n, apart ? space : samples);
}

/** Stores the average over what the moments have one of per sample. */
function next<I extends Tensors>(
  where: string,
  x: Tensor,
  batch: Moments,
  call: BatchCall<I>,
): Tensors {
  const { state, options } = call;
  if (hasRunning(state)) checkCount(where, x, batch.count, call);
  const spread = options.unbiasedRunningVar ? unbiasedVariance(batch) : variance(batch);
  const average = (t: Tensor): Tensor =>
    t.shape[0] === 1 ? reshape(t, t.shape.slice(1)) : mean(t, { axes: 0 });
  const statistics = { mean: average(batch.mean), variance: average(spread) };
  if (call.update) return call.update(statistics);
  return updateRunning(where, state, statistics, options.momentum);
}

/** The tensors in another dtype, as `normalizePlanes` hands inputs to a rule. */
export function castAll<I extends Tensors>(inputs: I, dtype: DType): I {
  return Object.fromEntries(
    Object.entries(inputs).map(([name, t]) => [name, cast(t, dtype)]),
  ) as unknown as I;
}
