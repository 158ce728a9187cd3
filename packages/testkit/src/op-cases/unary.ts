import * as ad from "@evenkeel/autodiff";
import { type Domain, shapes, tensors } from "../arbitrary.ts";
import { elementwise, type OpCase } from "../op-suite.ts";
import { special } from "./draw.ts";

type Unary = (x: ad.Value) => ad.Tensor;
type Extras = Omit<OpCase, "name" | "call" | "samples" | "reference">;

function unary(
  name: string,
  op: Unary,
  f: (x: number) => number,
  domain: Domain,
  extras?: Extras,
): OpCase {
  return {
    name,
    call: ([x]: readonly ad.Tensor[]) => op(x!),
    samples: tensors(shapes(), domain).map((x) => ({ inputs: [x], params: undefined })),
    reference: elementwise(f),
    ...extras,
  };
}

const anywhere: Domain = { min: -2, max: 2 };
const positive: Domain = { min: 0.3, max: 3 };
const notZero: Domain = { min: -2, max: 2, awayFrom: [0], margin: 0.4 };
const offKink: Domain = { min: -2, max: 2, awayFrom: [0] };
const { NaN: nan, POSITIVE_INFINITY: inf } = Number;

export const unaryCases: readonly OpCase[] = [
  unary("neg", ad.neg, (x) => -x, anywhere),
  unary("exp", ad.exp, Math.exp, anywhere, {
    specialValues: [special("its limits", [[-inf, inf, 710]], [0, inf, inf])],
  }),
  unary("log", ad.log, Math.log, positive, {
    specialValues: [special("0 and below", [[0, -1]], [-inf, nan])],
  }),
  unary("sqrt", ad.sqrt, Math.sqrt, positive, {
    specialValues: [special("0, where the slope is infinite", [[0]], [0], [[inf]])],
  }),
  unary("rsqrt", ad.rsqrt, (x) => 1 / Math.sqrt(x), positive),
  unary("square", ad.square, (x) => x * x, anywhere),
  unary("reciprocal", ad.reciprocal, (x) => 1 / x, notZero, {
    specialValues: [special("0", [[0]], [inf])],
  }),
  unary("tanh", ad.tanh, Math.tanh, anywhere, {
    specialValues: [special("large numbers", [[-400, 400]], [-1, 1], [[0, 0]])],
  }),
  unary("sigmoid", ad.sigmoid, (x) => 1 / (1 + Math.exp(-x)), anywhere, {
    specialValues: [special("large numbers", [[-800, 0, 800]], [0, 0.5, 1], [[0, 0.25, 0]])],
  }),
  unary("relu", ad.relu, (x) => Math.max(x, 0), offKink, {
    specialValues: [
      special("0, where the gradient is 0", [[0]], [0], [[0]]),
      special("NaN and infinities", [[nan, inf, -inf]], [nan, inf, 0]),
    ],
  }),
  unary("abs", ad.abs, Math.abs, offKink, {
    specialValues: [special("0, where the gradient is 0", [[0]], [0], [[0]])],
  }),
  unary("sign", ad.sign, Math.sign, offKink, {
    specialValues: [special("0", [[-3, 0, 5]], [-1, 0, 1], [[0, 0, 0]])],
  }),
];
