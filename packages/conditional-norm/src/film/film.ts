import { add, slice, type Tensor, zeros } from "@evenkeel/autodiff";
import {
  affinePlanes,
  axis,
  type Card,
  checkInput,
  count,
  defineNorm,
  type Norm,
  samplePlanes,
  samplesFirst,
} from "@evenkeel/norm-core";
import { checkRows, linearRows } from "../rows.ts";

/** Options of `film`. */
export interface FilmOptions {
  /** Number of channels. */
  readonly numFeatures: number;
  /** Where the channels are; negative counts from the end. Default 1. */
  readonly channelAxis?: number;
}

/** The modulation of each sample, as `filmGenerator` makes it. */
export interface FilmCondition {
  /** [samples, numFeatures]. */
  readonly gamma: Tensor;
  /** [samples, numFeatures]. */
  readonly beta: Tensor;
}

const card: Card = {
  id: "film",
  name: "Feature-wise linear modulation",
  summary: "Scales and shifts each channel of each sample by numbers that are given.",
  tex: String.raw`y = \gamma_{n,c}\,x + \beta_{n,c}`,
  paper: {
    title: "FiLM: Visual Reasoning with a General Conditioning Layer",
    authors: "Perez, Strub, de Vries, Dumoulin, Courville",
    year: 2018,
    venue: "AAAI",
    arxiv: "1709.07871",
    code: "ethanjperez/film",
  },
  keys: {},
  notes: ["Nothing is normalized here: see filmBatchNorm for the layer with its batch norm."],
};

/**
 * Feature-wise linear modulation of any rank >= 2.
 *
 *     y[n, c] = gamma[n, c]·x + beta[n, c]
 *
 * **When to use.** After a norm without an affine, to steer a network by a question, a style or a time.
 * Where one linear map of one embedding makes gamma and beta, `filmBatchNorm` is norm, map and modulation.
 *
 * **Differs from the paper.** Any channel axis.
 *
 * Parameters: none. State: none. Condition: `gamma`, `beta` [samples, numFeatures].
 *
 * @throws ShapeError for a wrong rank, channel count, an empty batch, or a gamma or beta of another shape.
 *
 * @example
 * const x = random(1).normal([2, 3, 4, 4]);
 * const condition = { gamma: ones([2, 3]), beta: zeros([2, 3]) };
 * const { output } = film({ numFeatures: 3 }).apply(x, {}, {}, { condition }); // x itself
 *
 * @see Perez et al., FiLM, AAAI 2018, arXiv 1709.07871.
 */
export const film: Norm<FilmOptions, FilmCondition> = defineNorm<FilmOptions, FilmCondition>({
  card,
  options: { numFeatures: count(), channelAxis: axis(1) },
  init: () => ({ params: {}, state: {} }),
  fusesActivation: true,
  apply(x, _params, state, options, { condition, activation }) {
    const first = samplesFirst(x, checkInput(card.id, x, options));
    const layout = samplePlanes(first.x.shape, first.axis);
    const shape = [layout.samples, options.numFeatures] as const;
    const scale = checkRows(`${card.id} gamma`, condition?.gamma, shape);
    const shift = checkRows(`${card.id} beta`, condition?.beta, shape);
    const map = { center: zeros([], { dtype: x.dtype }), scale, shift };
    return { output: first.restore(affinePlanes(first.x, map, { layout, activation })), state };
  },
});

/**
 * FiLM's generator: gamma and beta of each sample as one linear map of an embedding.
 *
 *     f = embedding · weightᵀ + bias     gamma = f[:, :C] + gammaBaseline     beta = f[:, C:]
 *
 * @param embedding - [samples, D].
 * @param weight - [2C, D], gammas first.
 * @param bias - [2C]. Default none.
 * @param options.gammaBaseline - What gamma is where f is 0. Default 1.
 * @returns What `film` takes as its condition; [samples, C] each.
 *
 * @example
 * const embedding = random(1).normal([2, 16]);
 * const condition = filmGenerator(embedding, zeros([6, 16])); // gamma 1 and beta 0 for 3 channels
 */
export function filmGenerator(
  embedding: Tensor,
  weight: Tensor,
  bias?: Tensor,
  { gammaBaseline = 1 }: { readonly gammaBaseline?: number } = {},
): FilmCondition {
  const features = linearRows(embedding, weight, bias);
  const [samples, both] = features.shape as [number, number];
  const [gamma, beta] = [0, both / 2].map((start) =>
    slice(features, [0, start], [samples, start + both / 2]),
  );
  return { gamma: add(gamma!, gammaBaseline), beta: beta! };
}
