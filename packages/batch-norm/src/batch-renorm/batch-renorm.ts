import { ones, zeros } from "@evenkeel/autodiff";
import {
  affineOf,
  affinePlanes,
  type BatchOptions,
  batchOptions,
  batchPlanes,
  type Card,
  checkInput,
  checkMoreThanOne,
  defineNorm,
  flag,
  fractionOrNull,
  initAffine,
  type Moments,
  momentsOfPlanes,
  type Norm,
  nonNegative,
  normalizePlanes,
  type OptionRule,
  statisticsDType,
  type Tensors,
  updateAverages,
} from "@evenkeel/norm-core";
import { correctedMap, deviationOf, runningMap, runningOf } from "./correction.ts";

/** Options of `batchRenorm`, in PyTorch's vocabulary. */
export interface BatchRenormOptions
  extends Omit<BatchOptions, "trackRunningStats" | "unbiasedRunningVar"> {
  /** Weight of the new batch in the running statistics; null averages over all batches. Default 0.01. */
  readonly momentum?: number | null;
  /** Learn a weight and a bias per channel. Default true. */
  readonly affine?: boolean;
  /** The scale is corrected by a factor between 1/rMax and rMax. Default 3. */
  readonly rMax?: number;
  /** The mean is corrected by at most that many running deviations. Default 5. */
  readonly dMax?: number;
  /** So many batches nothing is corrected, as batch norm. Default 5000. */
  readonly warmupSteps?: number;
  /** The batch at which the bound of the scale has grown to rMax. Default 40000. */
  readonly rMaxSteps?: number;
  /** The batch at which the bound of the mean has grown to dMax. Default 25000. */
  readonly dMaxSteps?: number;
}

const atLeastOne: OptionRule<number> = {
  fallback: 3,
  expected: "a number >= 1",
  legal: (v) => typeof v === "number" && v >= 1 && Number.isFinite(v),
};

const card: Card = {
  id: "batchRenorm",
  name: "Batch renormalization",
  summary:
    "Batch norm corrected towards the running statistics, so that training matches evaluation.",
  tex: String.raw`y = \gamma_c\Big(\frac{x - \mu_c}{\sigma_c}\,r_c + d_c\Big) + \beta_c,\quad r = \Big[\frac{\sigma_c}{\hat\sigma_c}\Big]_{1/r_{max}}^{r_{max}},\ d = \Big[\frac{\mu_c - \hat\mu_c}{\hat\sigma_c}\Big]_{-d_{max}}^{d_{max}}`,
  paper: {
    title:
      "Batch Renormalization: Towards Reducing Minibatch Dependence in Batch-Normalized Models",
    authors: "Ioffe",
    year: 2017,
    venue: "NeurIPS",
    arxiv: "1702.03275",
  },
  keys: {
    weight: "weight",
    bias: "bias",
    runningMean: "running_mean",
    runningStd: "running_std",
    numBatchesTracked: "num_batches_tracked",
  },
  notes: [
    "There is no published code; the numbers are those of the paper's algorithm.",
    "The running deviation is averaged, eps already in it, and evaluation adds none; Keras and other ports differ in this.",
    "The paper's schedule of rMax and dMax goes by numBatchesTracked, so it survives saving and loading.",
  ],
};

/**
 * Batch renormalization of any rank >= 2.
 *
 *     y = weight·((x − mean)/std·r + d) + bias          mean, std = √(var + eps) of the batch
 *     r = clip(std/runningStd, 1/rMax, rMax)            d = clip((mean − runningMean)/runningStd, −dMax, dMax)
 *
 * Within the bounds that is (x − runningMean)/runningStd, as in evaluation. r and d are constants to the
 * gradient, which therefore still flows through the batch's statistics, times r.
 *
 * **When to use.** In batch norm's place where batches are small or their samples not independent.
 *
 * **Differs from the paper.** Nothing in the numbers; see the card's notes on ports. The bounds grow by
 * themselves, as in the paper's experiments; warmupSteps, rMaxSteps and dMaxSteps of 0 give them from the start.
 *
 * Parameters: `weight`, `bias` [numFeatures]. State: `runningMean`, `runningStd` [numFeatures],
 * `numBatchesTracked` [].
 *
 * @throws ShapeError for a wrong rank, channel count, an empty batch, or one value per channel in training;
 *   ValueError for statistics that are not finite. State is never half-updated.
 *
 * @example
 * const norm = batchRenorm({ numFeatures: 3, warmupSteps: 100, rMaxSteps: 1000, dMaxSteps: 1000 });
 * const { params, state } = norm.init();
 * const { output, state: next } = norm.apply(random(1).normal([4, 3, 4, 4]), params, state);
 *
 * @see Ioffe, Batch Renormalization, NeurIPS 2017, arXiv 1702.03275.
 */
export const batchRenorm: Norm<BatchRenormOptions> = defineNorm<BatchRenormOptions>({
  card,
  options: {
    numFeatures: batchOptions.numFeatures,
    eps: batchOptions.eps,
    momentum: fractionOrNull(0.01),
    affine: flag(true),
    rMax: atLeastOne,
    dMax: nonNegative(5),
    warmupSteps: nonNegative(5000),
    rMaxSteps: nonNegative(40000),
    dMaxSteps: nonNegative(25000),
    channelAxis: batchOptions.channelAxis,
  },
  init: ({ numFeatures, affine }, dtype) => ({
    params: initAffine([numFeatures], dtype, { affine }),
    state: {
      runningMean: zeros([numFeatures], { dtype }),
      runningStd: ones([numFeatures], { dtype }),
      numBatchesTracked: zeros([], { dtype }),
    },
  }),
  fusesActivation: true,
  apply(x, params, state, options, { mode, activation }) {
    const layout = batchPlanes(x.shape, checkInput(card.id, x, options));
    const values = x.size / options.numFeatures;
    if (mode.statistics === "batch" || mode.update) {
      checkMoreThanOne(card.id, x, values, "Use larger batches, evaluation mode, or group norm.");
    }
    const update = (batch: Moments): Tensors => {
      if (!mode.update) return state;
      const statistics = { runningMean: batch.mean, runningStd: deviationOf(batch, options.eps) };
      return updateAverages(card.id, state, statistics, options.momentum);
    };
    const running = runningOf(card.id, state, statisticsDType(x));
    if (mode.statistics === "running") {
      const map = runningMap(running, affineOf(params));
      const output = affinePlanes(x, map, { layout, activation });
      return { output, state: mode.update ? update(momentsOfPlanes(x, layout)) : state };
    }
    const { output, aux } = normalizePlanes(
      x,
      affineOf(params),
      (batch, affine) => ({ ...correctedMap(batch, affine, running, options), aux: batch }),
      { layout, activation },
    );
    return { output, state: update(aux) };
  },
});
