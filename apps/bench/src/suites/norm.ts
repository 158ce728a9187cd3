import { type Random, random } from "@evenkeel/autodiff";
import type { Outputs, Suite } from "../suite.ts";
import { type Grouping, type NormData, normReference, relativeError } from "./reference.ts";

/**
 * One step as in training: the output with batch statistics, the loss sum(output * g), and the
 * gradients of x, weight and bias. The cotangent g is random because sum(output) alone has the
 * gradient zero. Batch norm has channels on axis 1, layer norm normalizes the last axis.
 */
export interface NormCase extends NormData {
  readonly name: string;
  readonly kind: "batchNorm" | "layerNorm";
  readonly shape: readonly number[];
  readonly reference: Outputs;
}

export function normSuite(): Suite<NormCase> {
  return {
    name: "norm",
    cases: [
      batchNormCase([16, 64, 32, 32]),
      batchNormCase([2, 256, 14, 14]),
      batchNormCase([128, 64, 8, 8]),
      layerNormCase([512, 768]),
    ],
    check: (benchCase, outputs) => relativeError(outputs, benchCase.reference),
  };
}

function batchNormCase(shape: readonly [number, number, number, number]): NormCase {
  const [, channels, height, width] = shape;
  const channelOf = (i: number): number => Math.floor(i / (height * width)) % channels;
  const grouping = { groups: channels, groupOf: channelOf, parameterOf: channelOf };
  return makeCase("batchNorm", shape, channels, grouping);
}

function layerNormCase(shape: readonly [number, number]): NormCase {
  const [rows, width] = shape;
  return makeCase("layerNorm", shape, width, {
    groups: rows,
    groupOf: (i) => Math.floor(i / width),
    parameterOf: (i) => i % width,
  });
}

function makeCase(
  kind: NormCase["kind"],
  shape: readonly number[],
  features: number,
  grouping: Grouping,
): NormCase {
  const stream = random(1);
  const size = shape.reduce((a, b) => a * b, 1);
  const data: NormData = {
    x: normals(stream, size, 0.5, 2),
    g: normals(stream, size, 0, 1),
    weight: normals(stream, features, 1, 0.2),
    bias: normals(stream, features, 0, 0.2),
    eps: 1e-5,
  };
  const name = `${kind} ${shape.join("x")}`;
  return { name, kind, shape, ...data, reference: normReference(data, grouping) };
}

function normals(
  stream: Random,
  size: number,
  mean: number,
  std: number,
): Float32Array<ArrayBuffer> {
  return Float32Array.from({ length: size }, () => mean + std * stream.gaussian());
}
