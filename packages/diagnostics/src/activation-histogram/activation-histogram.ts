import type { Tensor } from "@evenkeel/autodiff";
import { type Module, NormModule } from "@evenkeel/nn";
import { checkOptions, count, type OptionRules } from "@evenkeel/norm-core";
import { checkInProcess } from "../in-process.ts";
import { quantile } from "../quantile.ts";
import { type WatchOptions, watchModules } from "../watch.ts";

/** `counts[i]` values lie between `edges[i]` and `edges[i + 1]`. */
export interface Histogram {
  /** Ascending, one more than there are counts. */
  readonly edges: readonly number[];
  readonly counts: readonly number[];
}

/** The activations that enter and leave one norm layer. */
export interface LayerHistogram {
  /** The norm's name in the model. */
  readonly layer: string;
  readonly before: Histogram;
  readonly after: Histogram;
}

export interface HistogramOptions {
  /** Number of bars. Default 40. */
  readonly bins?: number;
}
const rules: OptionRules<HistogramOptions> = { bins: count(40) };

/**
 * Counts of values in bars of equal width between their 0.5 % and 99.5 % quantiles; the rest goes to the outer
 * bars.
 *
 *     counts[i] = #{v : edges[i] <= v < edges[i + 1]}
 *
 * **When to use.** For activations, weights or gradients with a few wild values, which would flatten everything
 * else. Numbers that are not finite are left out: compare the sum of the counts with the number of values.
 *
 * @throws OptionError for unknown or illegal options.
 *
 * @example
 * histogram([0, 1, 1, 2], { bins: 2 }).counts; // [1, 3]
 */
export function histogram(values: ArrayLike<number>, options: HistogramOptions = {}): Histogram {
  const { bins } = checkOptions("histogram", options, rules);
  const sorted = Float64Array.from(values).filter(Number.isFinite).sort();
  const low = sorted.length > 0 ? quantile(sorted, 0.005) : 0;
  const high = sorted.length > 0 ? quantile(sorted, 0.995) : 0;
  const width = (high - low || 1) / bins;
  const counts = new Array<number>(bins).fill(0);
  for (const v of sorted) {
    counts[Math.min(bins - 1, Math.max(0, Math.floor((v - low) / width)))]! += 1;
  }
  return { edges: Array.from({ length: bins + 1 }, (_, i) => low + i * width), counts };
}

/**
 * Histograms of what enters and leaves each norm of a model, in the order in which they run. The model runs in
 * its own mode, and its running statistics rest.
 *
 * @param options.condition - For conditional norms.
 * @throws OptionError for options; whatever the model throws.
 * @throws EvenkeelError on a backend whose memory is not in the process.
 *
 * @example
 * const layers = activationHistograms(model, x, { bins: 20 });
 * const plot = histogramPlot(normCurves(layers));
 */
export function activationHistograms(
  model: Module,
  x: Tensor,
  { bins, condition }: HistogramOptions & WatchOptions = {},
): readonly LayerHistogram[] {
  checkInProcess("activationHistograms");
  const options = bins === undefined ? {} : { bins };
  const found: LayerHistogram[] = [];
  watchModules(
    model,
    x,
    ({ name, module, input, output }) => {
      if (!(module instanceof NormModule)) return;
      const [before, after] = [histogram(input.data, options), histogram(output.data, options)];
      found.push({ layer: name, before, after });
    },
    { condition },
  );
  return found;
}
