import {
  EvenkeelError,
  fail,
  type Shape,
  showShape,
  type Tensor,
  tensor,
  zeros,
} from "@evenkeel/autodiff";
import { MismatchError } from "./compare.ts";
import type { NormSample } from "./norm-case.ts";
import { cotangentOf, gradientsOf } from "./norm-checks.ts";
import { applySample, castSample } from "./norm-sample.ts";
import { expectRefusal } from "./refusal.ts";
import { entries } from "./tree.ts";

/** Inputs made of a sample's that leave nothing to divide by, or little room below infinity. */
export const extremes: Readonly<Record<string, (v: number, i: number, row: number) => number>> = {
  "all zero": () => 0,
  "one constant": () => 3.7,
  "constant channels": (_v, i, row) => Math.floor(i / row) % 5,
  "an offset of 1e6": (v) => v + 1e6,
  "an offset of -1e30": () => -1e30,
  "numbers near float32's largest": (v) => (v > 0 ? 3.4e38 : -3.4e38),
  "numbers whose squares overflow": (v) => v * 1e30,
  "numbers near float32's smallest": (v) => v * 1e-38,
  "one huge number": (_v, i) => (i === 0 ? 3e38 : 0),
};

/**
 * Promise 6: finite output, state and gradients, or a named error; in both dtypes. By statistics of other
 * numbers a norm is an affine map, whose true value may be too large: infinite then, never NaN.
 */
export function staysFinite<O, C>(
  sample: NormSample<O, C>,
  name: string,
  foreign: boolean = sample.mode.statistics === "running",
): void {
  const change = extremes[name]!;
  const { shape } = sample.x;
  const row = shape.slice(2).reduce((n, side) => n * side, 1);
  const data = Float64Array.from(sample.x.data, (v, i) => change(v, i, row));
  const extreme = { ...sample, x: tensor(data, { shape }) };
  for (const dtype of ["float64", "float32"] as const) {
    const given = castSample(extreme, dtype);
    const results = orNamedError(() => {
      const { output, state } = applySample(given);
      return { output, state, gradient: gradientsOf(given, cotangentOf(given)) };
    });
    for (const [path, t] of entries(results)) {
      expectFinite(`${path} of ${name} (${dtype})`, t, foreign && !path.startsWith("state"));
    }
  }
}

/** What `run` gives, or undefined where it throws one of our errors. */
function orNamedError<T>(run: () => T): T | undefined {
  try {
    return run();
  } catch (error) {
    if (error instanceof EvenkeelError && error.message.length > 0) return undefined;
    throw error;
  }
}

function expectFinite(where: string, t: Tensor, infinite: boolean): void {
  const at = t.data.findIndex((v) => (infinite ? Number.isNaN(v) : !Number.isFinite(v)));
  if (at < 0) return;
  const expected = infinite ? "no NaN" : "finite numbers";
  fail({ where, expected, got: `${t.data[at]} at position ${at}` }, MismatchError);
}

/** Promise 4: wrong and empty inputs are named errors. */
export function refusesMisfits<O, C>(sample: NormSample<O, C>): void {
  const [batch, channels, ...space] = sample.x.shape as [number, number, ...number[]];
  const misfits: readonly (readonly [string, Shape])[] = [
    ["no axis", []],
    ["one axis", [channels]],
    ["one channel too many", [batch, channels + 1, ...space]],
    ["an empty batch", [0, channels, ...space]],
    ["an empty axis", [batch, channels, 0, ...space]],
  ];
  for (const [what, shape] of misfits) {
    const x = zeros(shape, { dtype: "float64" });
    expectRefusal(`x of shape ${showShape(shape)} (${what})`, () => applySample(sample, { x }));
  }
}
