import { arrayOf, checkDType, type DType } from "./dtype.ts";
import { checkShape, type Shape, sizeOf } from "./shape.ts";
import { fromArray, type Tensor } from "./tensor.ts";

/**
 * A seeded stream of numbers. Equal seeds give equal bits everywhere; of normal numbers, which need a
 * logarithm and a cosine, the last bit is the engine's.
 */
export interface Random {
  /** Uniform in [0, 1), 32 random bits. */
  next(): number;
  /** Standard normal (Box–Muller). */
  gaussian(): number;
  /** Uniform whole number in [0, n). */
  integer(n: number): number;
  /** The numbers 0..n-1 in random order. */
  permutation(n: number): Int32Array;
  /** Normal tensor, mean 0 and standard deviation 1 unless told. */
  normal(shape: Shape, options?: { mean?: number; std?: number; dtype?: DType }): Tensor;
  /** Uniform tensor in [low, high), [0, 1) unless told. */
  uniform(shape: Shape, options?: { low?: number; high?: number; dtype?: DType }): Tensor;
  /** An independent stream, drawn from this one. */
  split(): Random;
  /** `random(state)` goes on from here. */
  readonly state: number;
}

/**
 * A random stream from a seed (Mulberry32: 32 bits of state, period 2³²; for training, not for secrets).
 *
 * @param seed - Any whole number; only its low 32 bits count.
 */
export function random(seed: number): Random {
  let state = seed | 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) | 0;
    let z = Math.imul(state ^ (state >>> 15), 1 | state);
    z = (z + Math.imul(z ^ (z >>> 7), 61 | z)) ^ z;
    return ((z ^ (z >>> 14)) >>> 0) / 4294967296;
  };
  const gaussian = (): number =>
    Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next());
  const integer = (n: number): number => Math.floor(next() * n);
  const fill = (shape: Shape, dtype: DType, draw: () => number): Tensor => {
    checkShape("random", shape);
    checkDType("random", dtype);
    const data = arrayOf(dtype, sizeOf(shape));
    for (let i = 0; i < data.length; i++) data[i] = draw();
    return fromArray(data, shape, dtype);
  };
  return {
    next,
    gaussian,
    integer,
    permutation(n) {
      const order = Int32Array.from({ length: n }, (_, i) => i);
      for (let i = n - 1; i > 0; i--) {
        const j = integer(i + 1);
        const held = order[i]!;
        order[i] = order[j]!;
        order[j] = held;
      }
      return order;
    },
    normal: (shape, { mean = 0, std = 1, dtype = "float32" } = {}) =>
      fill(shape, dtype, () => mean + std * gaussian()),
    uniform: (shape, { low = 0, high = 1, dtype = "float32" } = {}) =>
      fill(shape, dtype, () => low + (high - low) * next()),
    split: () => random(Math.floor(next() * 4294967296) ^ 0x9e3779b9),
    get state() {
      return state;
    },
  };
}
