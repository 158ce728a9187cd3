export { alongSums } from "./along";
export { planeCombine } from "./combine";
export { conv2d, conv2dFilterGradient, conv2dInputGradient, conv2dPlan } from "./conv2d";
export { map64, spread64, sum64, zip64 } from "./double";
export { add, div, gate, mul, spread, sub, where } from "./elementwise";
export { matmul, matmulScratch } from "./matmul";
export { planeMoments } from "./moments";
export { avgPool2d, avgPool2dGradient, maxPool2d, pickPlaces, putBackPlaces } from "./pool2d";
export { adamStep, combine, secondMoment } from "./optimizer";
export { planeAffine } from "./planes";
export { sum } from "./reduce";
export { planeSums } from "./sums";
export {
  abs,
  clear,
  copy,
  demote,
  neg,
  promote,
  reciprocal,
  relu,
  rsqrt,
  sqrt,
  square,
} from "./unary";
