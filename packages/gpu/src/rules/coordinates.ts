import { type Shape, sizeOf, stridesOf } from "@evenkeel/autodiff";
import type { Index, Writer } from "../rule.ts";
import { coordinate } from "./indices.ts";

/** A bound index is a float, which holds every whole number up to here. */
const EXACT = 2 ** 24;

/** The coordinates of a flat position, each computed once. */
export function coordinates<const S extends Shape>(
  w: Writer,
  at: Index,
  shape: S,
): { [Axis in keyof S]: Index } {
  const found = shape.map((n, axis) => {
    if (n === 1) return "0";
    const own = w.index(coordinate("a", shape, axis), at);
    return n <= EXACT ? w.bind(own) : own;
  });
  return found as { [Axis in keyof S]: Index };
}

/** The flat position of coordinates in an array of a shape, computed once. */
export function position(w: Writer, shape: Shape, ...at: readonly Index[]): Index {
  return strided(w, stridesOf(shape), sizeOf(shape), at);
}

/** Σ coordinate · stride, a position in an array of `size` elements, computed once. */
export function strided(
  w: Writer,
  strides: readonly number[],
  size: number,
  at: readonly Index[],
): Index {
  const moving = strides.map((stride, i) => ({ stride, at: at[i]! }));
  const steps = moving.filter((step) => step.stride !== 0 && step.at !== "0");
  if (steps.length === 0) return "0";
  const terms = steps.map(({ stride }, i) => {
    const argument = "abcdefgh"[i]!;
    return stride === 1 ? argument : `${argument} * ${stride}`;
  });
  const place = w.index(terms.join(" + "), ...steps.map((step) => step.at));
  return size <= EXACT ? w.bind(place) : place;
}
