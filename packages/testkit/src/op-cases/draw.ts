import { type NestedNumbers, type Tensor, tensor } from "@evenkeel/autodiff";
import fc, { type Arbitrary } from "fast-check";
import { shapes, tensors } from "../arbitrary.ts";
import type { SpecialValue } from "../op-suite.ts";

export function f64(data: NestedNumbers): Tensor {
  return tensor(data, { dtype: "float64" });
}

/** A call of an op without parameters whose result is known. */
export function special(
  name: string,
  inputs: readonly (readonly number[])[],
  output: readonly number[],
  gradients?: readonly (readonly number[])[],
): SpecialValue<undefined> {
  return {
    name,
    inputs: inputs.map((data) => f64([...data])),
    params: undefined,
    output,
    ...(gradients && { gradients }),
  };
}

/** A tensor, and parameters made for its shape from a few small numbers. */
export function withParams<P>(
  make: (shape: readonly number[], numbers: readonly number[]) => P,
): Arbitrary<{ inputs: Tensor[]; params: P }> {
  const numbers = fc.array(fc.nat({ max: 5 }), { minLength: 12, maxLength: 12 });
  return fc
    .tuple(tensors(shapes({ minRank: 1, minSide: 1 })), numbers)
    .map(([x, list]) => ({ inputs: [x], params: make(x.shape, list) }));
}
