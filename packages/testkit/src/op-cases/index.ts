import { anyCase, type OpCase } from "../op-suite.ts";
import { binaryCases } from "./binary.ts";
import { concatCase, padCase, sliceCase } from "./boxes.ts";
import { gatherCase, scatterAddCase } from "./gather.ts";
import { matmulCase } from "./matmul.ts";
import { broadcastToCase, reshapeCase, transposeCase } from "./movement.ts";
import { reductionCases } from "./reduce.ts";
import { softmaxCases } from "./softmax.ts";
import { unaryCases } from "./unary.ts";
import { whereAndCastCases } from "./where-cast.ts";

export {
  binaryCases,
  broadcastToCase,
  concatCase,
  gatherCase,
  matmulCase,
  padCase,
  reductionCases,
  reshapeCase,
  scatterAddCase,
  sliceCase,
  softmaxCases,
  transposeCase,
  unaryCases,
  whereAndCastCases,
};

/** Every op of autodiff: what a backend runs against `backendSuite`. */
export const opCases: readonly OpCase<unknown>[] = [
  ...binaryCases.map(anyCase),
  ...unaryCases.map(anyCase),
  ...whereAndCastCases.map(anyCase),
  ...reductionCases.map(anyCase),
  ...softmaxCases.map(anyCase),
  anyCase(matmulCase),
  anyCase(reshapeCase),
  anyCase(broadcastToCase),
  anyCase(transposeCase),
  anyCase(sliceCase),
  anyCase(padCase),
  anyCase(concatCase),
  anyCase(gatherCase),
  anyCase(scatterAddCase),
];
