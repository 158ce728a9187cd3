import type { Random } from "@evenkeel/autodiff";
import type { Values } from "../case.ts";

export interface Spread {
  /** Default 0. */
  readonly mean?: number;
  /** Default 1. */
  readonly std?: number;
}

export function normals(
  stream: Random,
  shape: readonly number[],
  { mean = 0, std = 1 }: Spread = {},
): Values {
  const length = shape.reduce((a, b) => a * b, 1);
  const data = Float32Array.from({ length }, () => mean + std * stream.gaussian());
  return { shape, data };
}
