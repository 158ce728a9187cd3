import { zeros } from "@evenkeel/autodiff";
import type { NormCase } from "@evenkeel/testkit";
import { layerNormReference } from "./layer-norm.reference.ts";
import { type LayerNormOptions, layerNorm } from "./layer-norm.ts";

/** What layer norm promises, as data for `normSuite`. */
export const layerNormCase: NormCase<LayerNormOptions> = {
  norm: layerNorm,
  options: (_, shape) => [
    { normalizedShape: shape.slice(1) },
    { normalizedShape: shape.at(-1)! },
    { normalizedShape: shape.slice(-2), eps: 1e-3, bias: false },
    { normalizedShape: shape.slice(1), elementwiseAffine: false },
  ],
  // Two trailing axes of a rank 2 input are the batch itself.
  accepts: (shape, { normalizedShape }) => [normalizedShape].flat().length < shape.length,
  reference: layerNormReference,
  batchIndependent: true,
  exceptions: {
    channelAxis: "it normalizes the trailing axes, whatever they are",
    misuse: "leading axes are free, so that other channels can be right; see rejects",
  },
  rejects: [
    {
      name: "an input that ends in other axes",
      run: ({ bound, params, state }) => bound.apply(zeros([4, 3, 5]), params, state),
      message:
        "layerNorm: expected x with trailing axes [3, 3], got shape [4, 3, 5]. Set normalizedShape to the last axes of x.",
    },
    {
      name: "an input of too small a rank",
      run: ({ bound, params, state }) => bound.apply(zeros([3]), params, state),
      message:
        "layerNorm: expected x with trailing axes [3, 3], got shape [3]. Set normalizedShape to the last axes of x.",
    },
    {
      name: "an empty batch",
      run: ({ bound, params, state }) => bound.apply(zeros([0, 3, 3]), params, state),
      message: "layerNorm: expected at least one element, got shape [0, 3, 3].",
    },
    {
      name: "a normalizedShape of nothing",
      run: () => layerNorm({ normalizedShape: [] }),
      message: "layerNorm normalizedShape: expected a whole number >= 1 or a list of them, got [].",
    },
    {
      name: "PyTorch's name for the affine option",
      run: () => layerNorm({ normalizedShape: 4, elementwise_affine: false } as LayerNormOptions),
      message:
        'layerNorm: expected options among normalizedShape, eps, elementwiseAffine, bias, got "elementwise_affine". Did you mean elementwiseAffine?',
    },
  ],
  golden: [{ method: "layer-norm", options: (config) => config as unknown as LayerNormOptions }],
};
