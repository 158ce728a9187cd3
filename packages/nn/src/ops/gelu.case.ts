import { tensor } from "@evenkeel/autodiff";
import { type NdArray, ndarray, type OpCase, shapes, tensors } from "@evenkeel/testkit";
import { gelu } from "./gelu.ts";

/** The normal distribution from 0 to x, by Simpson's rule. */
function integral(x: number): number {
  const density = (t: number): number => Math.exp(-(t * t) / 2) / Math.sqrt(2 * Math.PI);
  const steps = 1000;
  let total = density(0) + density(x);
  for (let i = 1; i < steps; i++) total += (i % 2 === 1 ? 4 : 2) * density((i * x) / steps);
  return (total * x) / (3 * steps);
}

function reference({ shape, data }: NdArray): NdArray {
  return ndarray(
    shape,
    data.map((x) => x * (0.5 + integral(x))),
  );
}

export const geluCase: OpCase = {
  name: "gelu",
  call: ([x]) => gelu(x!),
  samples: tensors(shapes({ maxRank: 3 }), { min: -4, max: 4 }).map((x) => ({
    inputs: [x],
    params: undefined,
  })),
  reference: ([x]) => reference(x!),
  specialValues: [
    {
      name: "NaN and the limits",
      inputs: [tensor([Number.NaN, -40, 40, 0], { dtype: "float64" })],
      params: undefined,
      output: [Number.NaN, 0, 40, 0],
    },
  ],
};
