// Reading order: cell, module, gradients, norm-module, optim/optimizer; layers and ops as needed.

export { Buffer, type Cell, Parameter } from "./cell.ts";
export { type Gradients, gradients } from "./gradients.ts";
export {
  fans,
  gainOf,
  type KaimingOptions,
  kaimingNormal,
  kaimingUniform,
  type Nonlinearity,
  type XavierOptions,
  xavierNormal,
  xavierUniform,
} from "./init.ts";
export { Conv2d, type Conv2dOptions } from "./layers/conv2d.ts";
export { Dropout, type DropoutOptions, dropout } from "./layers/dropout.ts";
export {
  Embedding,
  type EmbeddingOptions,
  Linear,
  type LinearOptions,
  linear,
} from "./layers/linear.ts";
export { Flatten, GELU, Identity, ReLU, Sigmoid, Tanh } from "./layers/plain.ts";
export { AvgPool2d, GlobalAvgPool2d, MaxPool2d } from "./layers/pool2d.ts";
export {
  type CrossEntropyOptions,
  crossEntropy,
  type MseOptions,
  mse,
  type Reduction,
} from "./losses.ts";
export { type LoadResult, type Member, Module, type StateDict } from "./module.ts";
export { type FreezeOptions, freeze, NormModule, norm, unfreeze } from "./norm-module.ts";
export { type Conv2dFunctionOptions, conv2d, type SlideOptions } from "./ops/conv2d.ts";
export { gelu } from "./ops/gelu.ts";
export {
  type AvgPool2dOptions,
  avgPool2d,
  globalAvgPool2d,
  type MaxPool2dOptions,
  maxPool2d,
} from "./ops/pool2d.ts";
export type { Pair } from "./ops/window.ts";
export { Adam, type AdamOptions, AdamW } from "./optim/adam.ts";
export { clipGradNorm, clipGradValue, type Grads } from "./optim/clip.ts";
export { Optimizer, type OptimizerOptions } from "./optim/optimizer.ts";
export {
  type CosineOptions,
  cosineSchedule,
  type Schedule,
  type StepOptions,
  stepSchedule,
  type WarmupOptions,
  warmup,
} from "./optim/schedule.ts";
export { SGD, type SGDOptions } from "./optim/sgd.ts";
export { type DrawOptions, manualSeed } from "./rules.ts";
export { Sequential } from "./sequential.ts";
export { readStateDict, type SavedTensor } from "./state-dict.ts";
