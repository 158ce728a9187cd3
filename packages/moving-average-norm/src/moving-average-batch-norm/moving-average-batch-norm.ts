import { cast, ones, stopGradient, type Tensor, zeros, zerosLike } from "@evenkeel/autodiff";
import {
  affineOf,
  affinePlanes,
  batchPlanes,
  type Card,
  castAll,
  checkFinite,
  checkInput,
  defineNorm,
  initAffine,
  type Layout,
  type Norm,
  standardMap,
  statisticsDType,
  type Tensors,
} from "@evenkeel/norm-core";
import { averaged, forwardOf, nextState, turnOf, withRow } from "./buffers.ts";
import { fillIn } from "./gradient-row.ts";
import { type MovingAverageBatchNormOptions, rules } from "./options.ts";
import { scaled } from "./scaled.ts";

export { CenteredConv2d, type CenteredConv2dOptions, centerWeight } from "./centered-conv2d.ts";
export type { MovingAverageBatchNormOptions } from "./options.ts";

const card: Card = {
  id: "movingAverageBatchNorm",
  name: "Moving average batch normalization",
  summary:
    "Divides each channel by the root of its mean square over the last batches, and averages the backward's statistic over them, too; weights are centered instead of activations.",
  tex: String.raw`y = \gamma_c\,r\,\frac{x}{\sqrt{\overline{\mathrm{mean}_c(x^2)} + \epsilon}} + \beta_c`,
  paper: {
    title: "Towards Stabilizing Batch Statistics in Backward Propagation of Batch Normalization",
    authors: "Yan, Wan, Zhang, Zhang, Wei, Sun",
    year: 2020,
    venue: "ICLR",
    arxiv: "2001.06838",
    code: "megvii-model/MABN",
  },
  keys: {
    weight: "weight",
    bias: "bias",
    runningVar: "running_var",
    iters: "iters",
    bufferX2: "buffer_x2",
    bufferGz: "buffer_gz",
  },
  notes: [
    "We follow MABN.py, which its authors call the formal definition; the networks for classification in the same repository average otherwise.",
    "The backward is defined by the method. Once averages are in use it is no derivative of the forward, and there are no second derivatives.",
    "momentum is the weight of the new statistics, as everywhere here; the published code's 0.98 is our 0.02.",
    "running_var has shape [numFeatures]; the published code keeps [1, numFeatures, 1, 1].",
  ],
};

/**
 * Moving average batch normalization: no mean is subtracted, and both statistics that are left, the forward's
 * and the backward's, are averages over the last `bufferSize` batches.
 *
 *     V = mean of x², averaged over batches        r = √(V + eps) / √(runningVar + eps), clipped
 *     z = x / √(V + eps)                           y = weight·r·z + bias
 *     g = dy·weight·r                              dx = (g − z·Ψ) / √(V + eps),  Ψ = mean of g·z, averaged
 *
 * **When to use.** Two or so samples per batch, in networks whose convolutions have centered weights
 * (`CenteredConv2d`): they take the place of subtracting means.
 *
 * **Differs from the paper.** The clip of r and the share of running statistics are those of the code.
 *
 * Parameters: `weight`, `bias` [numFeatures]. State: `runningVar` [numFeatures], `iters` [1], `bufferX2`,
 * `bufferGz` [bufferSize, numFeatures], where batch t has row t mod bufferSize. The backward fills in the
 * row of `bufferGz` in the state that its forward returned; without a backward the row stays as it was.
 *
 * @throws ShapeError for a wrong rank, channel count or an empty batch; ValueError for statistics that are
 *   not finite, where the backend's memory can be looked at; EvenkeelError in a backward that another training
 *   forward has overtaken, and in a second one.
 *
 * @example
 * const mabn = movingAverageBatchNorm({ numFeatures: 3, bufferSize: 8 });
 * const { params, state } = mabn.init();
 * const x = random(1).normal([2, 3, 4, 4]);
 * const loss = (p: typeof params) => {
 *   const { output, state: next } = mabn.apply(x, p, state);
 *   return [sum(square(output)), next] as const;
 * };
 * const { grads, aux: next } = valueAndGrad(loss, { hasAux: true })(params);
 *
 * @see Yan et al., Towards Stabilizing Batch Statistics, ICLR 2020, arXiv 2001.06838.
 */
export const movingAverageBatchNorm: Norm<MovingAverageBatchNormOptions> =
  defineNorm<MovingAverageBatchNormOptions>({
    card,
    options: rules,
    init: ({ numFeatures, bufferSize, affine }, dtype) => ({
      params: initAffine([numFeatures], dtype, { affine }),
      state: {
        runningVar: ones([numFeatures], { dtype }),
        iters: zeros([1], { dtype }),
        bufferX2: zeros([bufferSize, numFeatures], { dtype }),
        bufferGz: zeros([bufferSize, numFeatures], { dtype }),
      },
    }),
    apply(x, params, state, options, { mode }) {
      const layout = batchPlanes(x.shape, checkInput(card.id, x, options));
      const affine = affineOf(params);
      if (mode.statistics === "running" && !mode.update) {
        return { output: byRunning(x, affine, state, options, layout), state };
      }
      const turn = turnOf(state, options, statisticsDType(x));
      const found = forwardOf(x, state, turn, options, layout);
      const next = mode.update ? nextState(card.id, state, found, turn, options) : state;
      if (mode.statistics === "running") {
        return { output: byRunning(x, affine, state, options, layout), state: next };
      }
      const average = (psi: Tensor): Tensor => {
        const gz = state["bufferGz"]!;
        if (mode.update) {
          fillIn(card.id, next["bufferGz"]!, cast(withRow(gz, turn, psi), gz.dtype));
        }
        return averaged(gz, turn, psi);
      };
      return { output: scaled(card.id, x, affine, { ...found, average, layout }), state: next };
    },
  });

type Options = Required<MovingAverageBatchNormOptions>;

function byRunning(
  x: Tensor,
  affine: Tensors,
  { runningVar }: Tensors,
  { eps }: Options,
  layout: Layout,
): Tensor {
  checkFinite(card.id, "running variance", runningVar!);
  const dtype = statisticsDType(x);
  const spread = cast(stopGradient(runningVar!), dtype);
  return affinePlanes(x, standardMap(zerosLike(spread), spread, eps, castAll(affine, dtype)), {
    layout,
  });
}
