export { alongSums } from "./along";
export { planeCombine } from "./combine";
export {
  conv2d,
  conv2dInputGradient,
  conv2dPack,
  conv2dRoom,
  conv2dShared,
  conv2dTables,
} from "./conv2d";
export { conv2dFilterGradient, conv2dGradientRoom, conv2dStretches } from "./conv2d-gradient";
export { conv2dNarrow, conv2dNarrowGradient, conv2dNarrowRoom } from "./conv2d-narrow";
export { crossEntropy, crossEntropyGradient } from "./cross-entropy";
export { map64, sum64, where64, zip64 } from "./double";
export {
  add,
  div,
  equal,
  gate,
  greater,
  less,
  maximum,
  minimum,
  mul,
  pow,
  sub,
  where,
} from "./elementwise";
export { fewRows, matmul, matmulScratch, matrixVector } from "./matmul";
export { planeMoments } from "./moments";
export { gather, move32, move64, scatterAdd, scatterAdd64 } from "./movement";
export { addParts, conv2dPlan, conv2dTurn, largest } from "./plan";
export { avgPool2d, avgPool2dGradient, maxPool2d, pickPlaces, putBackPlaces } from "./pool2d";
export { adamStep, combine, secondMoment } from "./optimizer";
export { planeAffine } from "./planes";
export { maxOf, sum } from "./reduce";
export { planeSums } from "./sums";
export { erf, exp, log, sigmoid, tanh } from "./transcendental";
export {
  abs,
  clear,
  demote,
  neg,
  promote,
  reciprocal,
  relu,
  rsqrt,
  sign,
  sqrt,
  square,
} from "./unary";
export {
  winograd,
  winogradFilters,
  winogradFiltersBytes,
  winogradItems,
  winogradRoom,
} from "./winograd";
export { winogradGradient, winogradGradientRoom } from "./winograd-gradient";
