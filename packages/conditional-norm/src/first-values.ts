import { type DType, type Random, type Tensor, tensor } from "@evenkeel/autodiff";

/** Glorot's uniform weights of a linear map [out, in]: in ±√(6 / (in + out)). */
export function xavierUniform(
  shape: readonly [out: number, input: number],
  random: Random,
  dtype: DType,
): Tensor {
  const high = Math.sqrt(6 / (shape[0] + shape[1]));
  return random.uniform(shape, { low: -high, high, dtype });
}

/** A matrix whose rows (or columns, where there are fewer of them) are orthonormal, drawn evenly. */
export function orthogonal(
  [rows, columns]: readonly [number, number],
  random: Random,
  dtype: DType,
): Tensor {
  const [many, length] = [Math.min(rows, columns), Math.max(rows, columns)];
  const found: Float64Array[] = [];
  while (found.length < many) {
    const v = Float64Array.from({ length }, () => random.gaussian());
    // Twice: what the first pass leaves of the others by rounding, the second takes away.
    for (const other of [...found, ...found]) {
      const shared = dot(v, other);
      for (let i = 0; i < length; i++) v[i]! -= shared * other[i]!;
    }
    const size = Math.sqrt(dot(v, v));
    found.push(v.map((entry) => entry / size));
  }
  const at = (r: number, c: number): number => (rows <= columns ? found[r]![c]! : found[c]![r]!);
  const data = Float64Array.from({ length: rows * columns }, (_, i) =>
    at(Math.floor(i / columns), i % columns),
  );
  return tensor(data, { shape: [rows, columns], dtype });
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}
