import { random } from "@evenkeel/autodiff";
import type { Layer, LayerCase, Work } from "../case.ts";
import type { Suite } from "../suite.ts";
import { normals } from "./draw.ts";

interface Plan {
  readonly name: string;
  readonly layer: Layer;
  readonly inputs: Readonly<Record<string, readonly number[]>>;
  readonly output: readonly number[];
  /** Multiplications with an addition of the forward pass; each gradient takes as many. */
  readonly macs?: number;
  readonly slow?: readonly string[];
}

const image = [16, 64, 32, 32];
const conv = (kernel: number, shape: readonly number[] = image): Plan => ({
  name: `conv2d ${kernel}x${kernel} 64 to 64, ${shape.join("x")}`,
  layer: { kind: "conv2d", stride: 1, padding: (kernel - 1) / 2 },
  inputs: { x: shape, weight: [64, 64, kernel, kernel] },
  output: shape,
  macs: shape.reduce((a, b) => a * b) * 64 * kernel * kernel,
  slow: shape === image ? ["tfjs-cpu"] : [],
});
const pool = (kind: "maxPool2d" | "avgPool2d"): Plan => ({
  name: `${kind} 2x2, ${image.join("x")}`,
  layer: { kind, kernelSize: 2 },
  inputs: { x: image },
  output: [16, 64, 16, 16],
});

const plans: readonly Plan[] = [
  {
    name: "matmul 512x512x512",
    layer: { kind: "matmul" },
    inputs: { a: [512, 512], b: [512, 512] },
    output: [512, 512],
    macs: 512 ** 3,
  },
  conv(3),
  conv(1),
  // For tfjs-cpu, which takes minutes over those.
  conv(3, [1, 64, 16, 16]),
  pool("maxPool2d"),
  pool("avgPool2d"),
];

/** The layers around a norm, forward and the gradients of all inputs. */
export function nnSuite(): Suite<LayerCase> {
  return { name: "nn", threads: [1, 2], races: plans.map((plan) => [caseOf(plan)]) };
}

/** A convolution with filters of 3×3 that keeps 64 channels. */
export function convolutionCase(shape: readonly number[]): LayerCase {
  return caseOf(conv(3, shape));
}

function caseOf({ name, layer, inputs, output, slow = [] }: Plan): LayerCase {
  const stream = random(1);
  const drawn = Object.entries(inputs).map(([key, shape]) => [key, normals(stream, shape)]);
  return {
    type: "layer",
    name,
    layer,
    inputs: Object.fromEntries(drawn),
    g: normals(stream, output),
    slow,
  };
}

/** Forward and the gradients of both factors, counted as done directly. */
export const nnWork: Work = (benchCase) => {
  const macs = plans.find(({ name }) => name === benchCase)?.macs;
  return macs === undefined ? undefined : 2 * 3 * macs;
};
