import { fail, mean, OptionError, scope } from "@evenkeel/autodiff";
import {
  affineOf,
  type BatchOptions,
  batchOptions,
  branchRow,
  type Card,
  checkInput,
  checkMoreThanOne,
  count,
  defineNorm,
  evaluation,
  flag,
  hasRunning,
  initAffine,
  initRunning,
  type Moments,
  momentsOfPlanes,
  type Norm,
  normalizeBatch,
  normalizePlanes,
  oneOf,
  standardMap,
  type Tensors,
  unbiasedVariance,
  updateRunning,
  variance,
} from "@evenkeel/norm-core";
import { momentsOfParts, partPlanes, spreadParts } from "../parts.ts";

/** Options of `ghostBatchNorm`, in PyTorch's vocabulary. */
export interface GhostBatchNormOptions extends BatchOptions {
  /** Samples of each chunk; the last one may be smaller. */
  readonly ghostBatchSize: number;
  /**
   * How running statistics take in the chunks: one after the other, as if each were a batch; the same with
   * the momentum divided by their number; or their average at once. Default "sequential".
   */
  readonly runningUpdate?: "sequential" | "scaled" | "average";
  /** Learn a weight and a bias per channel, the same for all chunks. Default true. */
  readonly affine?: boolean;
}

const card: Card = {
  id: "ghostBatchNorm",
  name: "Ghost batch normalization",
  summary: "Batch norm whose training statistics are those of small chunks of a large batch.",
  tex: String.raw`y = \gamma_c\,\frac{x - \mu_{k,c}}{\sqrt{\sigma_{k,c}^2 + \epsilon}} + \beta_c,\quad k = \lfloor n/B \rfloor`,
  paper: {
    title:
      "Train longer, generalize better: closing the generalization gap in large batch training of neural networks",
    authors: "Hoffer, Hubara, Soudry",
    year: 2017,
    venue: "NeurIPS",
    arxiv: "1705.08741",
  },
  keys: {
    weight: "weight",
    bias: "bias",
    runningMean: "running_mean",
    runningVar: "running_var",
    numBatchesTracked: "num_batches_tracked",
  },
  notes: [
    "The published code (eladhoffer/bigBatch@0c69f28) runs the whole model chunk by chunk; that is runningUpdate sequential.",
    "Chunks are neighbors in the batch, as there; Keras's virtual_batch_size takes strided ones.",
    "numBatchesTracked counts chunks, with runningUpdate average batches.",
  ],
};

/**
 * Ghost batch normalization of any rank >= 2.
 *
 *     y = weight·(x − mean[k]) / √(var[k] + eps) + bias      mean, var over the samples of chunk k
 *
 * In evaluation it is batch norm by running statistics.
 *
 * **When to use.** Training with large batches, where batch norm loses the noise of small ones.
 *
 * **Differs from the paper.** Running statistics take in one chunk after the other, as in the published code;
 * see `runningUpdate`.
 *
 * Parameters: `weight`, `bias` [numFeatures]. State: `runningMean`, `runningVar` [numFeatures],
 * `numBatchesTracked` []. A batch of fewer samples than ghostBatchSize is one chunk.
 *
 * @throws ShapeError for a wrong rank, channel count, an empty batch, or in training a chunk of one value per
 *   channel; OptionError for momentum null with runningUpdate scaled; ValueError for statistics that are not
 *   finite. State is never half-updated.
 *
 * @example
 * const norm = ghostBatchNorm({ numFeatures: 3, ghostBatchSize: 4 });
 * const { params, state } = norm.init();
 * const { output, state: next } = norm.apply(random(1).normal([10, 3, 4, 4]), params, state);
 *
 * @see Hoffer, Hubara and Soudry, Train longer, generalize better, NeurIPS 2017, arXiv 1705.08741.
 */
export const ghostBatchNorm: Norm<GhostBatchNormOptions> = defineNorm<GhostBatchNormOptions>({
  card,
  options: {
    ...batchOptions,
    ghostBatchSize: count(),
    runningUpdate: oneOf(["sequential", "scaled", "average"], "sequential"),
    affine: flag(true),
  },
  check({ momentum, runningUpdate }) {
    if (momentum !== null || runningUpdate !== "scaled") return;
    const expected = 'a number from 0 to 1 with runningUpdate "scaled"';
    const hint = 'Take "sequential", or a number.';
    fail({ where: `${card.id} momentum`, expected, got: "null", hint }, OptionError);
  },
  init: ({ numFeatures, affine, trackRunningStats }, dtype) => ({
    params: initAffine([numFeatures], dtype, { affine }),
    state: trackRunningStats ? initRunning(numFeatures, dtype) : {},
  }),
  fusesActivation: true,
  apply(x, params, state, options, { mode, activation }) {
    const channelAxis = checkInput(card.id, x, options);
    const samples = x.shape[channelAxis === 0 ? 1 : 0]!;
    const sizes = chunkSizes(samples, options.ghostBatchSize);
    const chunks = partPlanes(x, channelAxis, sizes);
    const byRunning = mode.statistics === "running" && hasRunning(state);
    if (!byRunning || mode.update) {
      const values = (sizes.at(-1)! * x.size) / samples / options.numFeatures;
      const hint = "Use a batch size without a small rest, or evaluation mode.";
      checkMoreThanOne(card.id, x, values, hint);
    }
    const { layout, segments } = chunks;
    if (byRunning) {
      const call = { state, options, mode: evaluation, activation };
      const { output } = normalizeBatch(card.id, x, affineOf(params), call);
      if (!mode.update) return { output, state };
      const planes = momentsOfPlanes(chunks.x, layout);
      return { output, state: next(state, momentsOfParts(planes, segments), options) };
    }
    const { output, aux } = normalizePlanes(
      chunks.x,
      affineOf(params),
      (planes, affine) => {
        const parts = momentsOfParts(planes, segments);
        const [m, v] = [parts.mean, variance(parts)].map((t) => spreadParts(t, segments));
        return { ...standardMap(m!, v!, options.eps, affine), aux: parts };
      },
      { layout, activation },
    );
    const updated = mode.update ? next(state, aux, options) : state;
    return { output: chunks.restore(output), state: updated };
  },
});

function chunkSizes(samples: number, size: number): number[] {
  const chunks = new Array<number>(Math.floor(samples / size)).fill(size);
  return samples % size === 0 ? chunks : [...chunks, samples % size];
}

function next(
  state: Tensors,
  chunks: Moments,
  { runningUpdate, momentum, unbiasedRunningVar }: Required<GhostBatchNormOptions>,
): Tensors {
  const spread = unbiasedRunningVar ? unbiasedVariance(chunks) : variance(chunks);
  if (runningUpdate === "average") {
    const average = { mean: mean(chunks.mean, { axes: 0 }), variance: mean(spread, { axes: 0 }) };
    return updateRunning(card.id, state, average, momentum);
  }
  const parts = chunks.mean.shape[0]!;
  const share = runningUpdate === "scaled" ? momentum! / parts : momentum;
  return scope(() => {
    let updated = state;
    for (let k = 0; k < parts; k++) {
      const chunk = { mean: branchRow(chunks.mean, k), variance: branchRow(spread, k) };
      updated = updateRunning(card.id, updated, chunk, share);
    }
    return updated;
  });
}
