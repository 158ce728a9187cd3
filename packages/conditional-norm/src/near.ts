import type { Tensor } from "@evenkeel/autodiff";

/** Refuses numbers that differ by more than rounding; for laws, which ship without the testkit. */
export function expectNear(got: Tensor, expected: Tensor): void {
  if (got.size !== expected.size) throw new Error(`expected ${expected.size} numbers`);
  got.data.forEach((v, i) => {
    const gap = Math.abs(v - expected.data[i]!);
    if (!(gap <= 1e-12 * (1 + Math.abs(v))))
      throw new Error(`expected ${expected.data[i]}, got ${v}`);
  });
}
