import { zeros } from "@evenkeel/autodiff";
import type { NdArray, NormCase } from "@evenkeel/testkit";
import { instanceNormReference } from "../instance-norm/instance-norm.reference.ts";
import { layerNormReference } from "../layer-norm/layer-norm.reference.ts";
import { groupNormReference } from "./group-norm.reference.ts";
import { type GroupNormOptions, groupNorm } from "./group-norm.ts";

/** What group norm promises, as data for `normSuite`. */
export const groupNormCase: NormCase<GroupNormOptions> = {
  norm: groupNorm,
  // Usually groups of four channels, where there are as many.
  options: (numChannels) =>
    [...new Set([Math.ceil(numChannels / 4), 1, 2, 3, numChannels])]
      .filter((numGroups) => numChannels % numGroups === 0)
      .flatMap((numGroups) => [
        { numGroups, numChannels },
        { numGroups, numChannels, affine: false, eps: 1e-3 },
      ]),
  reference: groupNormReference,
  accepts: (shape, { numGroups }) =>
    shape.slice(1).reduce((product, n) => product * n, 1) > numGroups,
  batchIndependent: true,
  reducesTo: [
    {
      name: "instance norm with as many groups as channels",
      options: (options) => (options.numGroups === options.numChannels ? options : undefined),
      equals: ({ options: { numChannels, eps }, ...call }): NdArray => {
        const options = { numFeatures: numChannels, ...(eps && { eps }) };
        return instanceNormReference({ ...call, options }).output;
      },
    },
    {
      name: "layer norm over channels and space with one group and no affine",
      options: (options) =>
        options.numGroups === 1 && options.affine === false ? options : undefined,
      equals: ({ options: { eps }, ...call }): NdArray => {
        const options = { normalizedShape: call.x.shape.slice(1), ...(eps && { eps }) };
        return layerNormReference({ ...call, options }).output;
      },
    },
  ],
  rejects: [
    {
      name: "channels that the groups do not divide",
      run: () => groupNorm({ numGroups: 4, numChannels: 6 }),
      message:
        "groupNorm: expected numGroups that divides numChannels 6, got 4. Take one of 1, 2, 3, 6.",
    },
    {
      name: "another number of channels",
      run: ({ bound, params, state }) => bound.apply(zeros([4, 5, 3]), params, state),
      message:
        "groupNorm: expected x with 3 channels on axis 1, got shape [4, 5, 3]. Or pass channelAxis: 2.",
    },
    {
      name: "a group of one value",
      run: ({ params, state }) =>
        groupNorm({ numGroups: 3, numChannels: 3 }).apply(zeros([4, 3]), params, state),
      message:
        "groupNorm: expected more than one value for each statistic, got shape [4, 3]. Use fewer groups, or an input with space to average over.",
    },
    {
      name: "an unknown option",
      run: () => groupNorm({ groups: 2, numChannels: 4 } as unknown as GroupNormOptions),
      message:
        'groupNorm: expected options among numGroups, numChannels, eps, affine, channelAxis, got "groups".',
    },
  ],
  golden: ["group-norm", "group-normalization"].map((method) => ({
    method,
    options: (config, xShape) =>
      ({ numChannels: xShape[1]!, ...config }) as unknown as GroupNormOptions,
  })),
};
