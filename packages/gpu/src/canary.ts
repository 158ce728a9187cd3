import {
  add,
  type Backend,
  cpu,
  currentBackend,
  div,
  mul,
  random,
  rsqrt,
  square,
  sub,
  sum,
  type Tensor,
  transpose,
  useBackend,
} from "@evenkeel/autodiff";
import type { GpuBackend } from "./backend.ts";

/** float32 errors of the canary's sums are far below. */
const TOLERANCE = 1e-4;

/** What is computed on both sides: elementwise, indices, a sum in two stages, constants. */
function song(x: Tensor): Tensor[] {
  const centered = sub(x, div(sum(x, { axes: [0], keepDims: true }), 3));
  const scaled = mul(centered, rsqrt(add(sum(square(x)), 1)));
  return [scaled, add(transpose(scaled), -2), sum(mul(scaled, sub(scaled, -1)))];
}

/**
 * Compares a few kernels with the CPU: some drivers give zeros or wrong numbers without an error
 * (gpujs/gpu.js#859).
 *
 * @returns What is wrong; undefined for nothing.
 */
export async function canary(backend: GpuBackend): Promise<string | undefined> {
  const expected = sing(cpu).map((t) => Array.from(t.data));
  let found: readonly ArrayLike<number>[];
  try {
    found = await Promise.all(sing(backend).map((t) => t.read()));
  } catch (error) {
    return `its kernels fail (${error instanceof Error ? error.message : error})`;
  }
  for (const [k, numbers] of expected.entries()) {
    const largest = numbers.reduce((m, v) => Math.max(m, Math.abs(v)), 0);
    const at = numbers.findIndex((v, i) => !(Math.abs(v - found[k]![i]!) <= TOLERANCE * largest));
    if (at < 0) continue;
    return `its kernels compute ${found[k]![at]} where the CPU computes ${numbers[at]}`;
  }
  return undefined;
}

function sing(backend: Backend): Tensor[] {
  const before = currentBackend();
  useBackend(backend);
  try {
    return song(random(1).normal([3, 700]));
  } finally {
    useBackend(before);
  }
}
