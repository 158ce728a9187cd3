import { zeros } from "@evenkeel/autodiff";
import type { NormCase } from "@evenkeel/testkit";
import { newNormReference } from "./new-norm.reference.ts";
import { type NewNormOptions, newNorm } from "./new-norm.ts";

/** What new norm promises, as data for `normSuite`. */
export const newNormCase: NormCase<NewNormOptions> = {
  norm: newNorm,
  options: (numFeatures) => [
    { numFeatures },
    { numFeatures, affine: false },
    { numFeatures, eps: 1e-3 },
  ],
  reference: newNormReference,
  // Write me: reducesTo, laws, golden, and whatever else of NormCase applies.
  rejects: [
    {
      name: "another number of channels",
      run: ({ bound, params, state }) => bound.apply(zeros([4, 5, 3]), params, state),
      message:
        "newNorm: expected x with 3 channels on axis 1, got shape [4, 5, 3]. Or pass channelAxis: 2.",
    },
  ],
};
