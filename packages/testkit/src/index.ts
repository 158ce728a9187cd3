export {
  type Axes,
  broadcastable,
  broadcastTensors,
  type Domain,
  drawTensor,
  grid,
  type Pick,
  printable,
  product,
  type ShapeOptions,
  seeds,
  shapes,
  tensors,
} from "./arbitrary.ts";
export type { Check } from "./check.ts";
export {
  type Deviation,
  deviation,
  expectClose,
  MismatchError,
  type NumbersLike,
  sameBits,
} from "./compare.ts";
export { type GoldenResult, goldenSuite, runGolden } from "./golden.ts";
export type { GoldenComparison } from "./golden-compare.ts";
export type {
  GoldenCase,
  GoldenConfig,
  GoldenFile,
  GoldenStep,
  GoldenTensor,
} from "./golden-file.ts";
export type {
  GoldenAdapter,
  GoldenCall,
  GoldenRun,
  GoldenState,
} from "./golden-step.ts";
export {
  checkGradients,
  GradientError,
  type GradientFigures,
  type GradientOptions,
  gradientReport,
  type Order,
} from "./gradients.ts";
export {
  type GoldenProgram,
  type MethodCase,
  methodSuite,
  type ProgramCall,
  runProgram,
} from "./method-case.ts";
export { at, build, eachIndex, type NdArray, ndarray, type Plain } from "./ndarray.ts";
export { normBackendSuite } from "./norm-backend.ts";
export type {
  DomainUse,
  Law,
  NormCall,
  NormCase,
  NormPromise,
  NormSample,
  NormShapes,
  Reduction,
  Rejection,
} from "./norm-case.ts";
export { drawSample } from "./norm-sample.ts";
export { type NormSuiteOptions, normSuite } from "./norm-suite.ts";
export {
  anyCase,
  backendSuite,
  elementwise,
  type OpCase,
  type OpSample,
  opSuite,
  type SpecialValue,
} from "./op-suite.ts";
export { expectRefusal } from "./refusal.ts";
export { type RemoteBackend, remoteBackend } from "./remote.ts";
export { forAll, runs } from "./runs.ts";
export { type StepKernels, stepKernels } from "./step-kernels.ts";
export { type LaunchingBackend, type StepLaunches, stepLaunches } from "./step-launches.ts";
export {
  type BackendTolerance,
  backendTolerance,
  type Tolerances,
  tolerances,
} from "./tolerances.ts";
export { type Agreement, methodTrials, normTrials, type Trial } from "./trial.ts";
