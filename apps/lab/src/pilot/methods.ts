import { batchGroupNorm } from "@evenkeel/batch-group-norm";
import { batchNorm, batchRenorm } from "@evenkeel/batch-norm";
import { crossIterationConv2d } from "@evenkeel/cross-iteration-norm";
import { groupNorm } from "@evenkeel/group-norm";
import { doubleForward, memorizedBatchNorm } from "@evenkeel/memorized-norm";
import { CenteredConv2d, movingAverageBatchNorm } from "@evenkeel/moving-average-norm";
import { Conv2d, type Conv2dOptions, type Module, norm, ReLU } from "@evenkeel/nn";
import { positionalNorm } from "@evenkeel/positional-norm";
import { proxyNorm } from "@evenkeel/proxy-norm";

/** What is tried in the hidden layers of the pilot's network. */
export interface Method {
  readonly name: string;
  /** A hidden layer, a 1×1 convolution first. */
  readonly layer: (options: Conv2dOptions) => readonly Module[];
  /** A training step and what the method does with its batch besides. Default: the step. */
  readonly step?: <R>(model: Module, step: () => R, forward: () => unknown) => R;
}

/** A norm between the convolution and a relu. */
function before(make: (numFeatures: number) => Module): Method["layer"] {
  return (options) => [new Conv2d(options), make(options.outChannels), new ReLU()];
}

const memory = { memorySize: 16, decay: 0.9, varianceRule: "pooled" } as const;

/** One more method is one more line. */
export const methods: readonly Method[] = [
  { name: "none", layer: (options) => [new Conv2d(options), new ReLU()] },
  { name: "batch norm", layer: before((numFeatures) => norm(batchNorm, { numFeatures })) },
  { name: "batch renorm", layer: before((numFeatures) => norm(batchRenorm, renorm(numFeatures))) },
  {
    name: "batch group norm, 1 group",
    layer: before((numFeatures) => norm(batchGroupNorm, { numFeatures, numGroups: 1 })),
  },
  {
    name: "batch group norm, 4 groups",
    layer: before((numFeatures) => norm(batchGroupNorm, { numFeatures, numGroups: 4 })),
  },
  {
    name: "batch group norm, 16 groups",
    layer: before((numFeatures) => norm(batchGroupNorm, { numFeatures, numGroups: 16 })),
  },
  {
    name: "cross-iteration, window 16",
    layer: (options) => {
      const conv = new Conv2d({ ...options, bias: false });
      return [crossIterationConv2d(conv, { bufferNum: 15, burnIn: 100 }), new ReLU()];
    },
  },
  {
    name: "memorized, 16 batches",
    layer: before((numFeatures) => norm(memorizedBatchNorm, { numFeatures, ...memory })),
  },
  {
    name: "memorized, double forward",
    layer: before((numFeatures) => norm(memorizedBatchNorm, { numFeatures, ...memory })),
    step: doubleForward,
  },
  {
    name: "moving average, 16 batches",
    layer: (options) => {
      const numFeatures = options.outChannels;
      const centered = new CenteredConv2d(options);
      return [centered, norm(movingAverageBatchNorm, { numFeatures }), new ReLU()];
    },
  },
  {
    name: "group norm, 8 groups",
    layer: before((numChannels) => norm(groupNorm, { numChannels, numGroups: 8 })),
  },
  {
    name: "layer norm",
    layer: before((numChannels) => norm(groupNorm, { numChannels, numGroups: 1 })),
  },
  {
    name: "positional norm",
    layer: before((numFeatures) => norm(positionalNorm, { numFeatures })),
  },
  {
    name: "layer norm with a proxy",
    layer: (options) => [
      new Conv2d(options),
      norm(proxyNorm, { numChannels: options.outChannels, activation: "relu" }),
    ],
  },
];

/** Corrections that open over the first of the 3000 steps. */
function renorm(numFeatures: number): Parameters<typeof batchRenorm>[0] {
  return { numFeatures, warmupSteps: 300, rMaxSteps: 1500, dMaxSteps: 1000 };
}
