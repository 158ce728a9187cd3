import { defineOp, type Op, type Shape } from "@evenkeel/autodiff";

// One pass over memory for what takes several ops otherwise. An optimizer's step is not differentiated.

const first = ([x]: readonly Shape[]): Shape => x!;

/** a·x + b·y. */
export const combine: Op<readonly [a: number, b: number]> = defineOp<readonly [number, number]>({
  name: "combine",
  shape: first,
  kernel(out, [x, y], [a, b]) {
    const [to, dx, dy] = [out.data, x!.data, y!.data];
    for (let i = 0; i < to.length; i++) to[i] = a * dx[i]! + b * dy[i]!;
  },
  vjp: () => [null, null],
});

/** b·v + (1 − b)·g². */
export const secondMoment: Op<number> = defineOp<number>({
  name: "secondMoment",
  shape: first,
  kernel(out, [v, g], b) {
    const [to, dv, dg] = [out.data, v!.data, g!.data];
    for (let i = 0; i < to.length; i++) to[i] = b * dv[i]! + (1 - b) * dg[i]! * dg[i]!;
  },
  vjp: () => [null, null],
});

export interface AdamStep {
  /** What weight decay leaves of the value. */
  readonly kept: number;
  readonly size: number;
  readonly correction: number;
  readonly eps: number;
}
/** kept·p − size · m / (√v / correction + eps). */
export const adamStep: Op<AdamStep> = defineOp<AdamStep>({
  name: "adamStep",
  shape: first,
  kernel(out, [p, m, v], { kept, size, correction, eps }) {
    const [to, dp, dm, dv] = [out.data, p!.data, m!.data, v!.data];
    for (let i = 0; i < to.length; i++) {
      to[i] = kept * dp[i]! - (size * dm[i]!) / (Math.sqrt(dv[i]!) / correction + eps);
    }
  },
  vjp: () => [null, null, null],
});
