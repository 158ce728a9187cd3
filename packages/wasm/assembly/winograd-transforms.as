// The transforms of winograd.as, of four patches, tiles or filters at once, one in each lane. Each is a small
// matrix applied to the rows, then to the columns; the matrices belong to the points 0, ±√½, ±√2 and ∞, for
// which float32 loses less than for the usual 0, ±1, ±2 and ∞. `step` is in bytes.

import { madd } from "./simd";

const ROOT: f32 = 1.4142135623730951;
const HALF_ROOT: f32 = 0.7071067811865476;

/** Bytes of work that a transform needs: a matrix between its two sides. */
export const TRANSFORM_WORK: i32 = 36 << 4;

// @ts-expect-error: decorator
@inline
function times(factor: f32, v: v128): v128 {
  return f32x4.mul(f32x4.splat(factor), v);
}

/** factor·v + w */
// @ts-expect-error: decorator
@inline
function plus(w: v128, factor: f32, v: v128): v128 {
  return madd(f32x4.splat(factor), v, w);
}

// @ts-expect-error: decorator
@inline
function sumAndDifference(to: usize, step: usize, a: v128, b: v128): void {
  v128.store(to, f32x4.add(a, b));
  v128.store(to + step, f32x4.sub(a, b));
}

/** Six of six, of a patch of the image: Bᵀ · d. */
// @ts-expect-error: decorator
@inline
function patchLine(
  to: usize, step: usize, d0: v128, d1: v128, d2: v128, d3: v128, d4: v128, d5: v128,
): void {
  v128.store(to, f32x4.add(plus(d0, -2.5, d2), d4));
  sumAndDifference(to + step, step, plus(d4, -2, d2), times(HALF_ROOT, plus(d3, -2, d1)));
  sumAndDifference(to + 3 * step, step, plus(d4, -0.5, d2), times(ROOT, plus(d3, -0.5, d1)));
  v128.store(to + 5 * step, f32x4.add(plus(d1, -2.5, d3), d5));
}

/** Six of four, of a tile of the output's gradient: A · g. */
// @ts-expect-error: decorator
@inline
function tileLine(to: usize, step: usize, g0: v128, g1: v128, g2: v128, g3: v128): void {
  v128.store(to, g0);
  sumAndDifference(to + step, step, plus(g0, 0.5, g2), times(HALF_ROOT, plus(g1, 0.5, g3)));
  sumAndDifference(to + 3 * step, step, plus(g0, 2, g2), times(ROOT, plus(g1, 2, g3)));
  v128.store(to + 5 * step, g3);
}

/** Six of three, of a filter: G · w. */
// @ts-expect-error: decorator
@inline
function filterLine(to: usize, step: usize, w0: v128, w1: v128, w2: v128): void {
  v128.store(to, w0);
  const third = times(1 / 3, w2);
  sumAndDifference(to + step, step, f32x4.neg(plus(third, 2 / 3, w0)), times(-ROOT / 3, w1));
  sumAndDifference(to + 3 * step, step, plus(third, 1 / 6, w0), times(ROOT / 6, w1));
  v128.store(to + 5 * step, w2);
}

/** Four of six, of a tile of the output: Aᵀ · m. */
// @ts-expect-error: decorator
@inline
function outputLine(to: usize, from: usize, step: usize): void {
  const m1 = v128.load(from + step), m2 = v128.load(from + 2 * step);
  const m3 = v128.load(from + 3 * step), m4 = v128.load(from + 4 * step);
  const inner = f32x4.add(m1, m2), innerGap = f32x4.sub(m1, m2);
  const outer = f32x4.add(m3, m4), outerGap = f32x4.sub(m3, m4);
  v128.store(to, f32x4.add(f32x4.add(v128.load(from), inner), outer));
  v128.store(to, plus(times(HALF_ROOT, innerGap), ROOT, outerGap), 16);
  v128.store(to, plus(times(0.5, inner), 2, outer), 32);
  v128.store(to, plus(plus(v128.load(from + 5 * step), HALF_ROOT / 2, innerGap), 2 * ROOT, outerGap), 48);
}

/** Three of six, of the gradient of a filter: Gᵀ · m. */
// @ts-expect-error: decorator
@inline
function gradientLine(to: usize, from: usize, step: usize): void {
  const m1 = v128.load(from + step), m2 = v128.load(from + 2 * step);
  const m3 = v128.load(from + 3 * step), m4 = v128.load(from + 4 * step);
  const inner = f32x4.add(m1, m2), innerGap = f32x4.sub(m1, m2);
  const outer = f32x4.add(m3, m4), outerGap = f32x4.sub(m3, m4);
  v128.store(to, plus(plus(v128.load(from), -2 / 3, inner), 1 / 6, outer));
  v128.store(to, plus(times(-ROOT / 3, innerGap), ROOT / 6, outerGap), 16);
  v128.store(to, plus(plus(v128.load(from + 5 * step), -1 / 3, inner), 1 / 3, outer), 32);
}

/** to[6, 6] = Bᵀ · d · B of the patches of 6 × 6 at four addresses. */
export function transformPatches(
  to: usize, step: usize, p0: usize, p1: usize, p2: usize, p3: usize, line: usize, work: usize,
): void {
  const end = work + TRANSFORM_WORK;
  for (let at = work; at < end; at += 96) {
    const r0 = v128.load(p0), r1 = v128.load(p1), r2 = v128.load(p2), r3 = v128.load(p3);
    const s0 = v128.shuffle<f32>(r0, r1, 0, 4, 1, 5), s1 = v128.shuffle<f32>(r2, r3, 0, 4, 1, 5);
    const s2 = v128.shuffle<f32>(r0, r1, 2, 6, 3, 7), s3 = v128.shuffle<f32>(r2, r3, 2, 6, 3, 7);
    const q0 = v128.load64_zero(p0, 16), q1 = v128.load64_zero(p1, 16);
    const q2 = v128.load64_zero(p2, 16), q3 = v128.load64_zero(p3, 16);
    const s4 = v128.shuffle<f32>(q0, q1, 0, 4, 1, 5), s5 = v128.shuffle<f32>(q2, q3, 0, 4, 1, 5);
    patchLine(
      at, 16,
      v128.shuffle<f32>(s0, s1, 0, 1, 4, 5), v128.shuffle<f32>(s0, s1, 2, 3, 6, 7),
      v128.shuffle<f32>(s2, s3, 0, 1, 4, 5), v128.shuffle<f32>(s2, s3, 2, 3, 6, 7),
      v128.shuffle<f32>(s4, s5, 0, 1, 4, 5), v128.shuffle<f32>(s4, s5, 2, 3, 6, 7),
    );
    p0 += line; p1 += line; p2 += line; p3 += line;
  }
  for (let at = work; at < work + 96; at += 16, to += step) {
    patchLine(
      to, 6 * step, v128.load(at), v128.load(at, 96), v128.load(at, 192),
      v128.load(at, 288), v128.load(at, 384), v128.load(at, 480),
    );
  }
}

/** to[6, 6] = A · g · Aᵀ of the tiles of 4 × 4 at four addresses. */
export function transformTiles(
  to: usize, step: usize, p0: usize, p1: usize, p2: usize, p3: usize, line: usize, work: usize,
): void {
  const end = work + 4 * 96;
  for (let at = work; at < end; at += 96) {
    const r0 = v128.load(p0), r1 = v128.load(p1), r2 = v128.load(p2), r3 = v128.load(p3);
    const s0 = v128.shuffle<f32>(r0, r1, 0, 4, 1, 5), s1 = v128.shuffle<f32>(r2, r3, 0, 4, 1, 5);
    const s2 = v128.shuffle<f32>(r0, r1, 2, 6, 3, 7), s3 = v128.shuffle<f32>(r2, r3, 2, 6, 3, 7);
    tileLine(
      at, 16,
      v128.shuffle<f32>(s0, s1, 0, 1, 4, 5), v128.shuffle<f32>(s0, s1, 2, 3, 6, 7),
      v128.shuffle<f32>(s2, s3, 0, 1, 4, 5), v128.shuffle<f32>(s2, s3, 2, 3, 6, 7),
    );
    p0 += line; p1 += line; p2 += line; p3 += line;
  }
  for (let at = work; at < work + 96; at += 16, to += step) {
    tileLine(
      to, 6 * step, v128.load(at), v128.load(at, 96), v128.load(at, 192), v128.load(at, 288),
    );
  }
}

/** The tiles of 4 × 4 at four addresses = Aᵀ · m · A of from[6, 6]. */
export function tilesOf(
  from: usize, step: usize, p0: usize, p1: usize, p2: usize, p3: usize, line: usize, work: usize,
): void {
  // Columns first: work[6][4], then the rows of the result from its columns.
  for (let j = 0; j < 6; j++) outputLine(work + (j << 6), from + <usize>j * step, 6 * step);
  const rows = work + (24 << 4);
  for (let i = 0; i < 4; i++) {
    outputLine(rows, work + (i << 4), 64);
    const r0 = v128.load(rows), r1 = v128.load(rows, 16), r2 = v128.load(rows, 32), r3 = v128.load(rows, 48);
    const s0 = v128.shuffle<f32>(r0, r1, 0, 4, 1, 5), s1 = v128.shuffle<f32>(r2, r3, 0, 4, 1, 5);
    const s2 = v128.shuffle<f32>(r0, r1, 2, 6, 3, 7), s3 = v128.shuffle<f32>(r2, r3, 2, 6, 3, 7);
    v128.store(p0, v128.shuffle<f32>(s0, s1, 0, 1, 4, 5));
    v128.store(p1, v128.shuffle<f32>(s0, s1, 2, 3, 6, 7));
    v128.store(p2, v128.shuffle<f32>(s2, s3, 0, 1, 4, 5));
    v128.store(p3, v128.shuffle<f32>(s2, s3, 2, 3, 6, 7));
    p0 += line; p1 += line; p2 += line; p3 += line;
  }
}

// @ts-expect-error: decorator
@inline
function lanes(p0: usize, p1: usize, p2: usize, p3: usize): v128 {
  const v = v128.load_lane<f32>(p1, v128.load32_zero(p0), 1);
  return v128.load_lane<f32>(p3, v128.load_lane<f32>(p2, v, 2), 3);
}

/** to[6, 6] = G · w · Gᵀ of the filters of 3 × 3 at four addresses. */
export function transformFilters(
  to: usize, step: usize, p0: usize, p1: usize, p2: usize, p3: usize, work: usize,
): void {
  for (let i = 0; i < 3; i++) {
    filterLine(
      work + i * 96, 16, lanes(p0, p1, p2, p3), lanes(p0 + 4, p1 + 4, p2 + 4, p3 + 4),
      lanes(p0 + 8, p1 + 8, p2 + 8, p3 + 8),
    );
    p0 += 12; p1 += 12; p2 += 12; p3 += 12;
  }
  for (let at = work; at < work + 96; at += 16, to += step) {
    filterLine(to, 6 * step, v128.load(at), v128.load(at, 96), v128.load(at, 192));
  }
}

/** `count` ≤ 4 filters of 3 × 3, one after the other = Gᵀ · m · G of from[6, 6]. */
export function filtersOf(to: usize, from: usize, step: usize, count: i32, work: usize): void {
  for (let j = 0; j < 6; j++) gradientLine(work + j * 48, from + <usize>j * step, 6 * step);
  const row = work + (18 << 4);
  for (let i = 0; i < 3; i++) {
    gradientLine(row, work + (i << 4), 48);
    for (let lane = 0; lane < count; lane++) {
      for (let j = 0; j < 3; j++) {
        store<f32>(to + ((lane * 9 + i * 3 + j) << 2), load<f32>(row + (j << 4) + (lane << 2)));
      }
    }
  }
}
