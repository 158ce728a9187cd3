import type { Tensor } from "@evenkeel/autodiff";
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
  finite,
  flag,
  initAffine,
  initRunning,
  momentsOfPlanes,
  type Norm,
  normalizePlanes,
  type OptionRule,
  runningMap,
  samplesFirst,
  statisticsDType,
} from "@evenkeel/norm-core";
import { type PatchAwareBatchNormCondition, planOf } from "./choices.ts";
import { movedStatistics, type PatchCall, patchMap, positionPlanes } from "./patches.ts";
import type { PlanChances } from "./plan.ts";

export type { PatchAwareBatchNormCondition } from "./choices.ts";
export {
  drawPatchPlan,
  type PatchPlan,
  type PatchVersion,
  type PlanChances,
  type PlanSizes,
} from "./plan.ts";

/** Options of `patchAwareBatchNorm`, in PyTorch's vocabulary. */
export interface PatchAwareBatchNormOptions
  extends Omit<BatchOptions, "trackRunningStats">,
    Partial<PlanChances> {
  /** Learn a weight and a bias per channel. Default true. */
  readonly affine?: boolean;
  /**
   * Where choices come from that the condition does not bring, where the backend's memory is in the process;
   * give each layer its own. Default 0.
   */
  readonly seed?: number;
}

const card: Card = {
  id: "patchAwareBatchNorm",
  name: "Patch-aware batch normalization",
  summary:
    "Batch norm of random rectangles of the images, with statistics of their own or running ones at random.",
  tex: String.raw`y_P = \gamma_c\,\frac{x_P - \mu}{\sqrt{\sigma^2 + \epsilon}} + \beta_c,\quad (\mu, \sigma^2) = \begin{cases}(\mu_{P,c}, \sigma^2_{P,c}) & k_{P,c} = 1\\ \text{running} & k_{P,c} = 0\end{cases}`,
  paper: {
    title: "Patch-aware Batch Normalization for Improving Cross-domain Robustness",
    authors: "Qi, Zhao, Shi, Geng",
    year: 2023,
    arxiv: "2304.02848",
    code: "Qi5Lei/PBN@9cbc0fc",
  },
  keys: {
    weight: "weight",
    bias: "bias",
    runningMean: "running_mean",
    runningVar: "running_var",
    numBatchesTracked: "num_batches_tracked",
  },
  notes: [
    "Our gradient is the exact one. The published layers hand PyTorch the running buffers themselves and change them before the backward pass reads them, which makes their gradient silently wrong, by up to 16 % in one probe.",
    "Images too small for a cut go without it: sides are cut from 5 on. The published layers stop with an assertion.",
    "weight starts at 1; in the published layers at random between 0 and 1, to be overwritten by a pretrained one.",
  ],
};

const probability: OptionRule<number> = {
  fallback: 0.5,
  expected: "a number from 0 to 1",
  legal: (v) => typeof v === "number" && v >= 0 && v <= 1,
};
const { trackRunningStats: _, ...runningOptions } = batchOptions;

/**
 * Patch-aware batch normalization of any rank >= 2; the last two axes that are not the channels' are cut.
 *
 *     two versions of x, by two different partitions out of whole, halves and quarters, cut at random:
 *     y_P = weight·(x_P − mean) / √(var + eps) + bias     mean, var of patch P over the batch, or running
 *     y = for each channel one of the versions
 *
 * **When to use.** Fine-tuning a pretrained network for data from places it has not seen, with other light,
 * contrast or texture in parts of the image. Not from scratch: running statistics have to be good already.
 *
 * **Differs from the paper.** Its equation could not be read; we follow the published code's choice per
 * channel, and its forward number for number. Its gradient is not the derivative of its forward; ours is.
 *
 * Parameters: `weight`, `bias` [numFeatures] (with affine). State: `runningMean`, `runningVar` [numFeatures],
 * `numBatchesTracked` [], which counts patches. Evaluation is that of batch norm.
 *
 * @throws ShapeError for a wrong rank, channel count, an empty batch, or one value in a patch; ValueError for a
 *   plan that does not fit, for none and no stream where the backend's memory is not in the process, and for
 *   statistics that are not finite. State is never half-updated.
 *
 * @example
 * const pbn = patchAwareBatchNorm({ numFeatures: 3 });
 * const { params, state } = pbn.init();
 * const x = random(1).normal([4, 3, 8, 8]);
 * const drawn = pbn.apply(x, params, state, { condition: { random: random(2) } });
 * const plan = { first: { rowSplit: 3 }, second: {}, useSecond: [0, 1, 0] }; // or by hand
 * const { output } = pbn.apply(x, params, state, { condition: { plan } });
 *
 * @see Qi, Zhao, Shi and Geng, Patch-aware Batch Normalization, arXiv 2304.02848.
 */
export const patchAwareBatchNorm: Norm<PatchAwareBatchNormOptions, PatchAwareBatchNormCondition> =
  defineNorm<PatchAwareBatchNormOptions, PatchAwareBatchNormCondition>({
    card,
    options: {
      ...runningOptions,
      ...{ statProb: probability, channelProb: probability },
      ...{ affine: flag(true), seed: finite(0) },
    },
    init: ({ numFeatures, affine }, dtype) => ({
      params: initAffine([numFeatures], dtype, { affine }),
      state: initRunning(numFeatures, dtype),
    }),
    fusesActivation: true,
    apply(x, params, state, options, { mode, condition, activation }) {
      const axis = checkInput(card.id, x, options);
      const inputs = affineOf(params);
      const byRunning = (): Tensor => {
        const map = runningMap(card.id, state, options.eps, inputs, statisticsDType(x));
        return affinePlanes(x, map, { layout: batchPlanes(x.shape, axis), activation });
      };
      if (mode.statistics === "running" && !mode.update) return { output: byRunning(), state };
      const first = samplesFirst(x, axis);
      const { layout, ...view } = positionPlanes(first.x, first.axis);
      checkMoreThanOne(card.id, x, x.size / options.numFeatures, "Use larger batches.");
      const plan = planOf(card.id, condition, state, view.sizes, options);
      const call: PatchCall = { where: card.id, ...view, ...options, plan, state, ...mode };
      if (mode.statistics === "running") {
        return {
          output: byRunning(),
          state: movedStatistics(call, momentsOfPlanes(first.x, layout)),
        };
      }
      const { output, aux } = normalizePlanes(
        first.x,
        inputs,
        (positions, affine) => patchMap(call, positions, affine),
        { layout, activation },
      );
      return { output: first.restore(output), state: aux };
    },
  });
