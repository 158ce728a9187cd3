import { type Tensor, viewOf } from "../tensor.ts";

/** x as a constant: the same numbers, through which no gradient flows. */
export function stopGradient(x: Tensor): Tensor {
  return viewOf(x, x.shape, "stopGradient");
}
