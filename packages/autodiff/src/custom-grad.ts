import { record, type TapeNode, unrecorded } from "./tape.ts";
import { type Tensor, viewOf } from "./tensor.ts";

/** What a function with its own gradient returns. */
export interface WithGradient {
  readonly value: Tensor;
  /**
   * One gradient per input, or null. Ops on `inputs` differentiate again; what was kept from the
   * forward run counts as a constant, so use it only where `recording()` is false or on purpose.
   */
  readonly vjp: (
    g: Tensor,
    inputs: readonly Tensor[],
    needs: readonly boolean[],
  ) => readonly (Tensor | null)[];
}

/**
 * Gives a function its own gradient: the one public way to a fused backward or to a straight-through
 * estimator. The forward run is not recorded; the result is one entry on the tape.
 *
 * @example
 * // sign forward, identity backward
 * const straight = customGrad("straight", (x) => ({ value: sign(x), vjp: (g) => [g] }));
 */
export function customGrad(
  name: string,
  f: (...inputs: readonly Tensor[]) => WithGradient,
): (...inputs: readonly Tensor[]) => Tensor {
  return (...inputs) => {
    const made = unrecorded(() => f(...inputs));
    const own: TapeNode["op"] = {
      name,
      vjp: (g, _y, ins, _p, needs) => made.vjp(g, ins, needs),
    };
    const value = viewOf(made.value, made.value.shape, name);
    record(own, inputs, undefined, value);
    return value;
  };
}
