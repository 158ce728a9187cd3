import type { NdArray, NormCall } from "@evenkeel/testkit";
import type { RmsNormOptions } from "./rms-norm.ts";

type Result = { readonly output: NdArray; readonly state: Readonly<Record<string, NdArray>> };

/** Zhang and Sennrich, equations 4 and 7 (pRMSNorm), in float64; channels on axis 1 or trailing axes. */
export function rmsNormReference({ x, params, state, options }: NormCall<RmsNormOptions>): Result {
  const { normalizedShape, eps, axis = "last", epsMode = "inside", partial = -1 } = options;
  const size = [normalizedShape].flat().reduce((product, n) => product * n, 1);
  // Elements of a row lie `step` apart; a block holds `step` rows side by side.
  const step = axis === "last" ? 1 : x.shape.slice(2).reduce((product, n) => product * n, 1);
  const used = partial === -1 ? size : Math.floor(size * partial);
  const small = eps ?? 2 ** -52;
  const output = new Float64Array(x.data.length);
  for (let block = 0; block < output.length; block += size * step) {
    for (let start = block; start < block + step; start++) {
      let meanSquare = 0;
      for (let i = 0; i < used; i++) meanSquare += x.data[start + i * step]! ** 2 / used;
      const root =
        epsMode === "inside" ? Math.sqrt(meanSquare + small) : Math.sqrt(meanSquare) + small;
      for (let i = 0; i < size; i++) {
        const at = start + i * step;
        const scaled = (x.data[at]! / root) * (params["weight"]?.data[i] ?? 1);
        output[at] = scaled + (params["bias"]?.data[i] ?? 0);
      }
    }
  }
  return { output: { shape: x.shape, data: output }, state };
}
