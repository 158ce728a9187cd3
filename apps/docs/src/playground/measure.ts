import {
  cpu,
  currentBackend,
  keep,
  release,
  type Shape,
  scope,
  type TypedArray,
  tensor,
  useBackend,
} from "@evenkeel/autodiff";
import {
  histogram,
  type LayerHistogram,
  type Pass,
  statisticsDrift,
  watchModules,
} from "@evenkeel/diagnostics";
import { type Batch, take } from "@evenkeel/lab/accuracy";
import type { Dataset } from "@evenkeel/lab/dataset";
import type { Network } from "@evenkeel/lab/network";
import { type Module, NormModule } from "@evenkeel/nn";
import { batchPlanes, momentsOfPlanes, unbiasedVariance, variance } from "@evenkeel/norm-core";
import type { Run } from "./run.ts";

/** The statistics of a batch where it enters a norm, beside those that the norm keeps; a number per channel. */
interface Statistics {
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
export async function measureRun(
  { norm, net, status }: Run,
  data: Dataset,
  batch: readonly number[],
  layer: number,
): Promise<Measured> {
  const nothing: Measured = { norm, histogram: undefined, statistics: undefined };
  const place = net?.normLayers[layer - 1];
  if (!net || !place || status !== "training") return nothing;
  const pass = passAt(net, String(place.at), take(data, data.train, batch));
  if (!pass) return nothing;
  const { module, input, output } = pass;
  try {
    const [from, to] = await Promise.all([input.read(), output.read()]);
    const histogramOf = (values: TypedArray) => histogram(some(values));
    return {
      norm,
      histogram: { layer: place.name, before: histogramOf(from), after: histogramOf(to) },
      statistics: await statisticsOf(module, input.shape, from),
    };
  } finally {
    release(input, output);
  }
}

/** What enters and leaves the module of a name; the caller releases it. */
function passAt(net: Network, name: string, { x, domains }: Batch): Pass | undefined {
  let found: Pass | undefined;
  const visit = (pass: Pass): void => {
    if (pass.name !== name) return;
    keep([pass.input, pass.output]);
    found = pass;
  };
  try {
    watchModules(net.model, x, visit, { condition: net.condition(domains) });
  } finally {
    release(x);
  }
  return found;
}

/** Enough for forty bars. */
const VALUES = 16_384;

/** Every so many values: sorting all of a large batch would take longer than a training step. */
function some(data: TypedArray): ArrayLike<number> {
  const every = Math.ceil(data.length / VALUES);
  if (every === 1) return data;
  return Float64Array.from({ length: Math.floor(data.length / every) }, (_, i) => data[i * every]!);
}

/** Those of norms like batch norm; not of ones that keep several for domains, or none. */
async function statisticsOf(
  module: Module,
  shape: Shape,
  values: TypedArray,
): Promise<Statistics | undefined> {
  if (!(module instanceof NormModule)) return undefined;
  const running = await runningOf(module);
  const channels = shape[1]!;
  if (running?.mean.length !== channels || values.length <= channels) return undefined;
  const { eps = 0, unbiasedRunningVar: unbiased = true } = module.norm.options as Options;
  return inProcess(() => {
    const input = tensor(values, { shape });
    const batch = momentsOfPlanes(input, batchPlanes(shape, 1));
    const own = unbiased ? unbiasedVariance(batch) : variance(batch);
    return {
      batchMean: Array.from(batch.mean.data),
      batchStd: Array.from(own.data, Math.sqrt),
      runningMean: running.mean,
      runningStd: running.variance.map(Math.sqrt),
      drift: statisticsDrift(input, { ...running, eps, unbiased }).meanDivergence,
    };
  });
}

/** Computes where numbers can be looked at: here, or on the CPU if the backend's are elsewhere. */
function inProcess<R>(fn: () => R): R {
  const before = currentBackend();
  if (!before.inProcess) useBackend(cpu);
  try {
    return scope(fn);
  } finally {
    useBackend(before);
  }
}

interface Running {
  readonly mean: readonly number[];
  readonly variance: readonly number[];
}

/** A number per channel of each; batch renorm keeps the deviation instead of the variance. */
async function runningOf({ state }: NormModule): Promise<Running | undefined> {
  const mean = state["runningMean"]?.value;
  const spread = (state["runningVar"] ?? state["runningStd"])?.value;
  if (mean?.rank !== 1 || spread?.rank !== 1) return undefined;
  const [means, spreads] = await Promise.all([mean.read(), spread.read()]);
  const values = Array.from(spreads);
  const variances = state["runningVar"] ? values : values.map((std) => std * std);
  return { mean: Array.from(means), variance: variances };
}

interface Options {
  readonly eps?: number;
  readonly unbiasedRunningVar?: boolean;
}
