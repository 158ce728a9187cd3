import { type Shape, stridesOf } from "@evenkeel/autodiff";
import type { Index, Writer } from "../rule.ts";
import { coordinate } from "./indices.ts";

/** The coordinates of a flat position, each computed once. */
export function coordinates<const S extends Shape>(
  w: Writer,
  at: Index,
  shape: S,
): { [Axis in keyof S]: Index } {
  const found = shape.map((n, axis) => {
    return n === 1 ? "0" : w.place(w.index(coordinate("a", shape, axis), at));
  });
  return found as { [Axis in keyof S]: Index };
}

/** The flat position of coordinates in an array of a shape, computed once. */
export function position(w: Writer, shape: Shape, ...at: readonly Index[]): Index {
  return strided(w, stridesOf(shape), at);
}

/** Σ coordinate · stride, computed once. */
export function strided(w: Writer, strides: readonly number[], at: readonly Index[]): Index {
  const moving = strides.map((stride, i) => ({ stride, at: at[i]! }));
  const steps = moving.filter((step) => step.stride !== 0 && step.at !== "0");
  if (steps.length === 0) return "0";
  const terms = steps.map(({ stride }, i) => {
    const argument = "abcdefgh"[i]!;
    return stride === 1 ? argument : `${argument} * ${stride}`;
  });
  return w.place(w.index(terms.join(" + "), ...steps.map((step) => step.at)));
}
