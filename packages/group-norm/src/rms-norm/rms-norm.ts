import {
  add,
  type DType,
  fail,
  OptionError,
  reciprocal,
  rsqrt,
  slice,
  square,
  type Tensor,
  zerosLike,
} from "@evenkeel/autodiff";
import {
  affinePlanes,
  type Card,
  checkInput,
  checkTrailing,
  counts,
  defineNorm,
  flag,
  initAffine,
  type Moments,
  momentsOfPlanes,
  type Norm,
  normalizePlanes,
  type OptionRule,
  oneOf,
  type PlaneMap,
  rowPlanes,
  safeSqrt,
  variance,
} from "@evenkeel/norm-core";

/** Options of `rmsNorm`: PyTorch's, and those of the paper's code. */
export interface RmsNormOptions {
  /** The trailing axes that are normalized together; with axis "channel", the number of channels. */
  readonly normalizedShape: number | readonly number[];
  /** Default null: the machine epsilon of x's dtype, as PyTorch. The paper's code has 1e-8. */
  readonly eps?: number | null;
  /** Learn a weight per normalized element. Default true. */
  readonly elementwiseAffine?: boolean;
  /** Learn a bias too. Default false. */
  readonly bias?: boolean;
  /** Over the trailing axes, or over axis 1 at each position. Default "last". */
  readonly axis?: "last" | "channel";
  /** eps under the root (PyTorch) or added to it (the paper's code). Default "inside". */
  readonly epsMode?: "inside" | "outside";
  /** Estimate from the first part of the row only, a fraction of it; -1 uses all. Default -1. */
  readonly partial?: number;
}

const card: Card = {
  id: "rmsNorm",
  name: "Root mean square normalization",
  summary: "Divides each sample's trailing axes by their root mean square; no centering.",
  tex: String.raw`y_i = \gamma_i\,\frac{x_i}{\sqrt{\frac1D\sum_j x_j^2 + \epsilon}}`,
  paper: {
    title: "Root Mean Square Layer Normalization",
    authors: "Zhang, Sennrich",
    year: 2019,
    venue: "NeurIPS",
    arxiv: "1910.07467",
    code: "bzhangGo/rmsnorm",
  },
  keys: { weight: "weight", bias: "bias" },
  notes: [
    "eps is inside the root by default, as in torch.nn.RMSNorm; the paper's code adds 1e-8 outside (epsMode).",
    "A zero row has no gradient through the root when eps is outside; it is defined as 0.",
  ],
};

const machineEps: Record<DType, number> = { float32: 2 ** -23, float64: 2 ** -52 };

const epsRule: OptionRule<number | null> = {
  fallback: null,
  expected: "a number >= 0, or null for the machine epsilon",
  legal: (v) => v === null || (typeof v === "number" && v >= 0 && Number.isFinite(v)),
};
const partialRule: OptionRule<number> = {
  fallback: -1,
  expected: "a fraction of the row from 0 to 1, or -1 for all of it",
  legal: (v) => v === -1 || (typeof v === "number" && v > 0 && v <= 1),
};

/**
 * Root mean square normalization over the trailing axes, or over the channels at each position.
 *
 *     y = weight·x / √(mean(x²) + eps) + bias
 *
 * **When to use.** In place of layer norm in transformers: as good in practice, and cheaper.
 *
 * **Differs from the paper's code.** See `epsMode`; `partial` is its pRMSNorm.
 *
 * Parameters: `weight` of shape normalizedShape, with `bias: true` a `bias` too. No state.
 *
 * @throws ShapeError if x does not end in normalizedShape (or has other channels) or is empty;
 *   OptionError if `partial` leaves nothing.
 *
 * @example
 * const norm = rmsNorm({ normalizedShape: 6 });
 * const { params, state } = norm.init();
 * const { output } = norm.apply(random(1).normal([2, 5, 6]), params, state);
 *
 * @see Zhang and Sennrich, Root Mean Square Layer Normalization, NeurIPS 2019, arXiv 1910.07467.
 */
export const rmsNorm: Norm<RmsNormOptions> = defineNorm<RmsNormOptions>({
  card,
  options: {
    normalizedShape: counts(),
    eps: epsRule,
    elementwiseAffine: flag(true),
    bias: flag(false),
    axis: oneOf(["last", "channel"], "last"),
    epsMode: oneOf(["inside", "outside"], "inside"),
    partial: partialRule,
  },
  check: checkRow,
  init: ({ normalizedShape, elementwiseAffine, bias }, dtype) => ({
    params: initAffine([normalizedShape].flat(), dtype, { affine: elementwiseAffine, bias }),
    state: {},
  }),
  fusesActivation: true,
  apply(x, { weight, bias }, state, options, { activation }) {
    const { axis, normalizedShape, partial, epsMode } = options;
    const row = [normalizedShape].flat();
    const axes =
      axis === "last"
        ? checkTrailing(card.id, x, row)
        : [checkInput(card.id, x, { numFeatures: row[0]!, channelAxis: 1 })];
    const along = { layout: rowPlanes(x.shape, axes), weight, bias, activation };
    const eps = options.eps ?? machineEps[x.dtype];
    const map = (m: Moments): PlaneMap => {
      const meanSquare = add(variance(m), square(m.mean));
      const scale =
        epsMode === "inside"
          ? rsqrt(add(meanSquare, eps))
          : reciprocal(add(safeSqrt(meanSquare), eps));
      return { center: zerosLike(m.mean), scale, shift: zerosLike(m.mean) };
    };
    if (partial === -1) return { output: normalizePlanes(x, {}, map, along).output, state };
    const part = firstOf(x, axes[0]!, Math.floor(row[0]! * partial));
    const moments = momentsOfPlanes(part, rowPlanes(part.shape, axes));
    return { output: affinePlanes(x, map(moments), along), state };
  },
});

function checkRow({ normalizedShape, axis, partial }: Required<RmsNormOptions>): void {
  const row = [normalizedShape].flat();
  const single = axis === "channel" || partial !== -1;
  if (row.length > 1 && single) {
    fail(
      {
        where: `${card.id} normalizedShape`,
        expected: 'one number with axis "channel" or partial',
        got: JSON.stringify(row),
      },
      OptionError,
    );
  }
  if (partial !== -1 && Math.floor(row[0]! * partial) === 0) {
    fail(
      {
        where: `${card.id} partial`,
        expected: `a fraction that leaves at least one of ${row[0]} elements`,
        got: String(partial),
      },
      OptionError,
    );
  }
}

/** The first k slices of x along an axis. */
function firstOf(x: Tensor, axis: number, k: number): Tensor {
  return slice(
    x,
    [],
    x.shape.map((n, i) => (i === axis ? k : n)),
  );
}
