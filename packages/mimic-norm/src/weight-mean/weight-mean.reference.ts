import type { NdArray } from "@evenkeel/testkit";

/** W − mean over everything but the first axis, in plain loops. */
export function weightMeanReference([weight]: readonly NdArray[]): NdArray {
  const { shape, data } = weight!;
  const size = data.length / shape[0]!;
  const output = new Float64Array(data.length);
  for (let start = 0; start < data.length; start += size) {
    let mean = 0;
    for (let i = start; i < start + size; i++) mean += data[i]! / size;
    for (let i = start; i < start + size; i++) output[i] = data[i]! - mean;
  }
  return { shape, data: output };
}
