import { scope, type Tensor } from "@evenkeel/autodiff";
import {
  histogram,
  type LayerHistogram,
  statisticsDrift,
  watchModules,
} from "@evenkeel/diagnostics";
import { take } from "@evenkeel/lab/accuracy";
import type { Dataset } from "@evenkeel/lab/dataset";
import { type Module, NormModule } from "@evenkeel/nn";
import { batchPlanes, momentsOfPlanes, unbiasedVariance, variance } from "@evenkeel/norm-core";
import type { Run } from "./run.ts";

/** The statistics of a batch where it enters a norm, beside those that the norm keeps; a number per channel. */
export interface Statistics {
  readonly batchMean: readonly number[];
  readonly batchStd: readonly number[];
  readonly runningMean: readonly number[];
  readonly runningStd: readonly number[];
  /** KL(batch ‖ running) of normal distributions, the mean over channels. */
  readonly drift: number;
}

/** What one norm layer does to a batch. */
export interface Measured {
  readonly norm: string;
  readonly histogram: LayerHistogram | undefined;
  /** Undefined where the norm does not keep one mean and one variance per channel. */
  readonly statistics: Statistics | undefined;
}

/** A layer in training mode, on a batch of the training data; the run is left as it was. */
export function measureRun(
  { norm, net, status }: Run,
  data: Dataset,
  batch: readonly number[],
  layer: number,
): Measured {
  const found: { -readonly [K in keyof Measured]: Measured[K] } = {
    norm,
    histogram: undefined,
    statistics: undefined,
  };
  const place = net?.normLayers[layer - 1];
  if (!net || !place || status !== "training") return found;
  scope(() => {
    const { x, domains } = take(data, data.train, batch);
    watchModules(
      net.model,
      x,
      ({ name, module, input, output }) => {
        if (name !== String(place.at)) return;
        const [before, after] = [histogram(some(input)), histogram(some(output))];
        found.histogram = { layer: place.name, before, after };
        found.statistics = statisticsOf(module, input);
      },
      { condition: net.condition(domains) },
    );
  });
  return found;
}

/** Enough for forty bars. */
const VALUES = 16_384;

/** Every so many values: sorting all of a large batch would take longer than a training step. */
function some({ data }: Tensor): ArrayLike<number> {
  const every = Math.ceil(data.length / VALUES);
  if (every === 1) return data;
  return Float64Array.from({ length: Math.floor(data.length / every) }, (_, i) => data[i * every]!);
}

/** Those of norms like batch norm; not of ones that keep several for domains, or none. */
function statisticsOf(module: Module, input: Tensor): Statistics | undefined {
  if (!(module instanceof NormModule)) return undefined;
  const running = runningOf(module);
  const channels = input.shape[1]!;
  if (running?.mean.length !== channels || input.size <= channels) return undefined;
  const { eps = 0, unbiasedRunningVar: unbiased = true } = module.norm.options as Options;
  const batch = momentsOfPlanes(input, batchPlanes(input.shape, 1));
  const own = unbiased ? unbiasedVariance(batch) : variance(batch);
  return {
    batchMean: Array.from(batch.mean.data),
    batchStd: Array.from(own.data, Math.sqrt),
    runningMean: running.mean,
    runningStd: running.variance.map(Math.sqrt),
    drift: statisticsDrift(input, { ...running, eps, unbiased }).meanDivergence,
  };
}

interface Running {
  readonly mean: readonly number[];
  readonly variance: readonly number[];
}

/** A number per channel of each; batch renorm keeps the deviation instead of the variance. */
function runningOf({ state }: NormModule): Running | undefined {
  const mean = state["runningMean"]?.value;
  const spread = (state["runningVar"] ?? state["runningStd"])?.value;
  if (mean?.rank !== 1 || spread?.rank !== 1) return undefined;
  const values = Array.from(spread.data);
  const variances = state["runningVar"] ? values : values.map((std) => std * std);
  return { mean: Array.from(mean.data), variance: variances };
}

interface Options {
  readonly eps?: number;
  readonly unbiasedRunningVar?: boolean;
}
