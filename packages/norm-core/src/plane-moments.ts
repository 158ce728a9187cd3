import {
  type DType,
  defineOp,
  mul,
  type Op,
  type Tensor,
  type TypedArray,
} from "@evenkeel/autodiff";
import { type Layout, planeSize, planesShape } from "./layout.ts";
import { eachRun } from "./plane-loops.ts";
import { half, planeAffine, type Statistic } from "./planes.ts";

const momentsOp: Op<Statistic> = defineOp<Statistic>({
  name: "planeMoments",
  shape: (_, layout) => [2, ...planesShape(layout)],
  dtype: (_, { dtype }) => dtype,
  kernel(out, [x], layout) {
    const mean = out.data.fill(0).subarray(0, out.size / 2);
    const m2 = out.data.subarray(out.size / 2);
    (layout.inner > 1 ? momentsOfRuns : momentsOfColumns)(mean, m2, x!.data, layout);
  },
  // d mean/dx = 1/S; d M2/dx = 2 (x − mean)
  vjp: (g, out, [x], layout) => [
    planeAffine(
      x!,
      half(out, 0),
      mul(2, half(g, 1)),
      mul(1 / planeSize(layout), half(g, 0)),
      layout,
    ),
  ],
});

/** Two passes over each run while it is in the cache, runs joined by Chan's formula. */
function momentsOfRuns(mean: TypedArray, m2: TypedArray, x: TypedArray, layout: Layout): void {
  const n = layout.inner;
  eachRun(layout, (plane, start, place) => {
    const m = sumOfRun(x, start, n) / n;
    const runs = place / n;
    const delta = m - mean[plane]!;
    mean[plane]! += delta / (runs + 1);
    m2[plane]! += squaresOfRun(x, start, n, m) + (delta * delta * n * runs) / (runs + 1);
  });
}

// Four sums side by side, always the same four: an addition need not wait for the one before.

function sumOfRun(x: TypedArray, start: number, n: number): number {
  const end = start + n;
  const four = end - (n % 4);
  let s0 = 0;
  let s1 = 0;
  let s2 = 0;
  let s3 = 0;
  for (let i = start; i < four; i += 4) {
    s0 += x[i]!;
    s1 += x[i + 1]!;
    s2 += x[i + 2]!;
    s3 += x[i + 3]!;
  }
  for (let i = four; i < end; i++) s0 += x[i]!;
  return s0 + s1 + (s2 + s3);
}

/** Σ (x − m)². */
function squaresOfRun(x: TypedArray, start: number, n: number, m: number): number {
  const end = start + n;
  const four = end - (n % 4);
  let s0 = 0;
  let s1 = 0;
  let s2 = 0;
  let s3 = 0;
  for (let i = start; i < four; i += 4) {
    const d0 = x[i]! - m;
    const d1 = x[i + 1]! - m;
    const d2 = x[i + 2]! - m;
    const d3 = x[i + 3]! - m;
    s0 += d0 * d0;
    s1 += d1 * d1;
    s2 += d2 * d2;
    s3 += d3 * d3;
  }
  for (let i = four; i < end; i++) s0 += (x[i]! - m) ** 2;
  return s0 + s1 + (s2 + s3);
}

/** Welford's update of all channels side by side, for runs of one element. */
function momentsOfColumns(mean: TypedArray, m2: TypedArray, x: TypedArray, layout: Layout): void {
  eachRun(layout, (plane, i, before) => {
    const delta = x[i]! - mean[plane]!;
    mean[plane]! += delta / (before + 1);
    m2[plane]! += delta * (x[i]! - mean[plane]!);
  });
}

/** Mean and M2 = Σ (x − mean)² of every plane, packed as [2, samples, channels]. */
export function planeMoments(x: Tensor, layout: Layout, dtype: DType): Tensor {
  return momentsOp([x], { ...layout, dtype });
}
