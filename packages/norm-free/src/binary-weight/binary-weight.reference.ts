import type { NdArray } from "@evenkeel/testkit";

/** mean(|W|)·sign(W) of each filter, in plain loops. */
export function binaryWeightReference({ shape, data }: NdArray): NdArray {
  const size = data.length / shape[0]!;
  const output = new Float64Array(data.length);
  for (let start = 0; start < data.length; start += size) {
    let scale = 0;
    for (let i = start; i < start + size; i++) scale += Math.abs(data[i]!) / size;
    for (let i = start; i < start + size; i++) output[i] = scale * Math.sign(data[i]!);
  }
  return { shape, data: output };
}

/** The straight-through gradient: g where the weight lies in [−1, 1], the ends with it. */
export function binaryWeightGradient(weight: NdArray, g: NdArray): NdArray {
  const data = weight.data.map((w, i) => (w >= -1 && w <= 1 ? g.data[i]! : 0));
  return { shape: weight.shape, data };
}
