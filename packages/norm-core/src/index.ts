export { checkInput, checkMoreThanOne, checkNotEmpty, checkTrailing } from "./check.ts";
export { type FromKeras, fromKeras, type KerasOptions } from "./keras.ts";
export {
  batchPlanes,
  type Layout,
  planeSize,
  planesShape,
  rowPlanes,
  samplePlanes,
  samplesFirst,
} from "./layout.ts";
export { type Masked, maskedPlanes } from "./mask.ts";
export {
  type MergeOptions,
  type Moments,
  merge,
  mergeAll,
  mergeGroups,
  momentsOf,
  unbiasedVariance,
  variance,
} from "./moments.ts";
export {
  type Applied,
  type BoundNorm,
  type Card,
  type Context,
  defineNorm,
  evaluation,
  type Initial,
  type Mode,
  type Norm,
  type NormSpec,
  type Paper,
  type Tensors,
  training,
} from "./norm.ts";
export {
  type Along,
  affinePlanes,
  momentsOfPlanes,
  normalizePlanes,
  type PlaneMap,
  type PlaneRule,
  statisticsDType,
} from "./normalize.ts";
export {
  axis,
  checkOptions,
  count,
  counts,
  flag,
  fractionOrNull,
  nonNegative,
  type OptionRule,
  type OptionRules,
  oneOf,
} from "./options.ts";
export { planeMoments } from "./plane-moments.ts";
export { alongSums, half, planeAffine, planeCombine, planeSums } from "./planes.ts";
export { affineOf, initAffine, safeSqrt, standardMap } from "./rules.ts";
export {
  checkFinite,
  hasRunning,
  initRunning,
  runningMap,
  updateRunning,
} from "./running.ts";
