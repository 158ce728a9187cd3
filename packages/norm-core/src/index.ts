export {
  type BatchCall,
  type BatchOptions,
  batchOptions,
  castAll,
  normalizeBatch,
} from "./batch-statistics.ts";
export {
  applyBranch,
  branchRow,
  checkBranch,
  initBranches,
  updateBranches,
} from "./branches.ts";
export { type Calibration, calibratedMap, centeredPlanes } from "./calibration.ts";
export {
  checkGroups,
  checkInput,
  checkMoreThanOne,
  checkNotEmpty,
  checkTrailing,
  countSamples,
} from "./check.ts";
export { type Classes, checkClasses, lookup } from "./classes.ts";
export { pushed } from "./history.ts";
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
  type InitOptions,
  type Mode,
  type Norm,
  type NormSpec,
  type Paper,
  type Tensors,
  training,
} from "./norm.ts";
export {
  type Activation,
  type Along,
  affinePlanes,
  momentsOfPlanes,
  normalizePlanes,
  type PlaneOptions,
  statisticsDType,
} from "./normalize.ts";
export {
  axis,
  checkOptions,
  count,
  counts,
  finite,
  flag,
  fractionOrNull,
  nonNegative,
  type OptionRule,
  type OptionRules,
  oneOf,
} from "./options.ts";
export { planeMoments } from "./plane-moments.ts";
export type { PlaneMap, PlaneRule } from "./plane-rule.ts";
export { alongSums, half, planeAffine, planeCombine, planeSums } from "./planes.ts";
export { affineOf, initAffine, safeSqrt, standardMap } from "./rules.ts";
export {
  type BatchStatistics,
  checkFinite,
  hasRunning,
  hasTrained,
  initRunning,
  runningMap,
  runningStatistics,
  updateAverages,
  updateRunning,
} from "./running.ts";
export { type Standardized, type StandardOptions, standardPlanes } from "./standard-planes.ts";
export { type InstancePlanes, stylePlanes } from "./style.ts";
