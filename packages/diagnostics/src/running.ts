import { type Module, NormModule } from "@evenkeel/nn";

/** The running statistics of a norm that has one mean and one variance per channel, such as batch norm. */
export interface Running {
  /** [channels]. */
  readonly mean: Float64Array;
  /** [channels]. */
  readonly variance: Float64Array;
  /** Whether the variance is stored as M2 / (n − 1), as PyTorch does, and not as M2 / n. */
  readonly unbiased: boolean;
  readonly eps: number;
  readonly channelAxis: number;
  /** [channels]; undefined where the norm has no weight per channel. */
  readonly weight: Float64Array | undefined;
}

interface Options {
  readonly eps?: number;
  readonly channelAxis?: number;
  readonly unbiasedRunningVar?: boolean;
}

/** Those of a module; undefined where it keeps none, or several for domains or tasks. */
export function runningOf(module: Module): Running | undefined {
  if (!(module instanceof NormModule)) return undefined;
  const { params, state, norm } = module as NormModule<unknown>;
  const [mean, variance] = [state["runningMean"]?.value, state["runningVar"]?.value];
  if (mean?.rank !== 1 || variance?.rank !== 1) return undefined;
  const { eps = 0, channelAxis = 1, unbiasedRunningVar = true } = norm.options as Options;
  const weight = params["weight"]?.value;
  return {
    mean: Float64Array.from(mean.data),
    variance: Float64Array.from(variance.data),
    unbiased: unbiasedRunningVar,
    eps,
    channelAxis,
    weight: weight?.rank === 1 ? Float64Array.from(weight.data) : undefined,
  };
}
