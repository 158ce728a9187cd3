import type { Shape } from "@evenkeel/autodiff";
import { training } from "@evenkeel/norm-core";
import { expectClose } from "./compare.ts";
import type { NormCase, NormSample, Reduction, Rejection } from "./norm-case.ts";
import { applySample, drawSample, guardSample, plainCall } from "./norm-sample.ts";
import { expectRefusal } from "./refusal.ts";
import { tolerances } from "./tolerances.ts";

/** Promise 7: at the reduction's options and parameters the output is the simpler norm's. */
export function equalsReduction<O extends object, C>(
  norm: NormCase<O, C>,
  reduction: Reduction<O, C>,
  { x, options, mode, seed }: NormSample<O, C>,
): void {
  const tweaked = reduction.options ? reduction.options(options) : options;
  if (tweaked === undefined) return;
  const drawn = drawSample(norm, x.shape, tweaked, mode, seed);
  const reduced = { ...drawn, params: reduction.params?.(drawn.params) ?? drawn.params };
  const expected = reduction.equals(plainCall(reduced));
  expectClose("output", applySample(reduced).output, expected, tolerances.reference);
}

/** Promise 9: a listed misuse throws its message, and loses nothing. */
export function refusesMisuse<O extends object, C>(
  norm: NormCase<O, C>,
  { name, run, message }: Rejection<O, C>,
): void {
  const shape = usualShape(norm);
  const sample = drawSample(norm, shape, norm.options(shape[1]!, shape)[0]!, training, 1);
  const unchanged = guardSample(sample);
  expectRefusal(name, () => run(sample), message);
  unchanged();
}

/** Whether the norm has the option `channelAxis`. */
export function hasChannelAxis<O extends object, C>(norm: NormCase<O, C>): boolean {
  const shape = usualShape(norm);
  return "channelAxis" in norm.norm(norm.options(shape[1]!, shape)[0]!).options;
}

/** [4, 3, 3], or what is nearest to it among the case's shapes. */
function usualShape<O extends object, C>({ shapes = {} }: NormCase<O, C>): Shape {
  const usual = (list: readonly number[] | undefined, wanted: number): number =>
    !list || list.includes(wanted) ? wanted : list.at(-1)!;
  const space = new Array<number>(usual(shapes.ranks, 3) - 2).fill(usual(shapes.side, 3));
  return [usual(shapes.batch, 4), usual(shapes.channels, 3), ...space];
}
