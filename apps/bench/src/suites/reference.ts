import type { Outputs } from "../suite.ts";

export interface NormData {
  readonly x: Float32Array<ArrayBuffer>;
  /** The cotangent: the loss is sum(output * g). */
  readonly g: Float32Array<ArrayBuffer>;
  readonly weight: Float32Array<ArrayBuffer>;
  readonly bias: Float32Array<ArrayBuffer>;
  readonly eps: number;
}

/** Where element i belongs: which statistics it shares, which weight and bias scale it. */
export interface Grouping {
  readonly groups: number;
  groupOf(i: number): number;
  parameterOf(i: number): number;
}

/**
 * Normalization and its gradients in float64, from the formulas. With
 * h = (x - mean) / sqrt(var + eps) and k = g * weight, and means over the elements that share
 * statistics:
 *
 *     output = h * weight + bias
 *     gradX  = (k - mean(k) - h * mean(k * h)) / sqrt(var + eps)
 */
export function normReference(data: NormData, grouping: Grouping): Outputs {
  const { x, g, weight, bias, eps } = data;
  const { groups, groupOf, parameterOf } = grouping;
  const count = x.length / groups;
  const meanOf = (value: (i: number) => number): Float64Array => {
    const sums = new Float64Array(groups);
    for (let i = 0; i < x.length; i++) sums[groupOf(i)]! += value(i);
    return sums.map((sum) => sum / count);
  };

  const mean = meanOf((i) => x[i]!);
  const variance = meanOf((i) => (x[i]! - mean[groupOf(i)]!) ** 2);
  const inverse = variance.map((v) => 1 / Math.sqrt(v + eps));
  const h = Float64Array.from(x, (v, i) => (v - mean[groupOf(i)]!) * inverse[groupOf(i)]!);
  const k = Float64Array.from(g, (v, i) => v * weight[parameterOf(i)]!);
  const meanK = meanOf((i) => k[i]!);
  const meanKh = meanOf((i) => k[i]! * h[i]!);

  const gradWeight = new Float64Array(weight.length);
  const gradBias = new Float64Array(bias.length);
  for (let i = 0; i < x.length; i++) {
    gradWeight[parameterOf(i)]! += g[i]! * h[i]!;
    gradBias[parameterOf(i)]! += g[i]!;
  }
  return {
    output: h.map((v, i) => v * weight[parameterOf(i)]! + bias[parameterOf(i)]!),
    gradX: k.map((v, i) => {
      const group = groupOf(i);
      return (v - meanK[group]! - h[i]! * meanKh[group]!) * inverse[group]!;
    }),
    gradWeight,
    gradBias,
  };
}

/** The largest difference of any array, relative to that array's largest value. */
export function relativeError(actual: Outputs, expected: Outputs): number {
  let worst = 0;
  for (const [name, right] of Object.entries(expected)) {
    const got = actual[name];
    if (got === undefined || got.length !== right.length) return Number.POSITIVE_INFINITY;
    let difference = 0;
    let size = 0;
    for (let i = 0; i < right.length; i++) {
      // Math.max hands NaN on, and a NaN error is no agreement.
      difference = Math.max(difference, Math.abs(got[i]! - right[i]!));
      size = Math.max(size, Math.abs(right[i]!));
    }
    worst = Math.max(worst, difference / size);
  }
  return worst;
}
