// Pooling: y[r, c] is taken from x[r·stride − padding + i·dilation, …], as far as that is inside the plane.

import { take } from "./simd";

const MAX: i32 = 0;
const SUM: i32 = 1;
const SPREAD: i32 = 2;

/** The first tap that is not in the padding before, when the first of all lies at `start`. */
// @ts-expect-error: decorator
@inline
function firstTap(start: i32, dilation: i32): i32 {
  return start < 0 ? (dilation - 1 - start) / dilation : 0;
}

/** The tap after the last that is inside. */
// @ts-expect-error: decorator
@inline
function endOfTaps(start: i32, dilation: i32, kernel: i32, size: i32): i32 {
  return start < size ? min(kernel, (size - 1 - start) / dilation + 1) : 0;
}

/** A whole number that orders as x does: NaN is the largest, −0 equals 0. */
// @ts-expect-error: decorator
@inline
function rankOf(x: f32): i32 {
  const bits = reinterpret<i32>(x + 0);
  const isNaN = -i32(x != x);
  return ((bits ^ ((bits >> 31) & i32.MAX_VALUE)) & ~isNaN) | (i32.MAX_VALUE & isNaN);
}

/** The same of four. */
// @ts-expect-error: decorator
@inline
function ranksOf(x: v128): v128 {
  const bits = f32x4.add(x, f32x4.splat(0));
  const most = i32x4.splat(i32.MAX_VALUE);
  const rank = v128.xor(bits, v128.and(i32x4.shr_s(bits, 31), most));
  return v128.bitselect(most, rank, f32x4.ne(x, x));
}

/** Adds four numbers to the two columns of theirs each, in some rows. */
// @ts-expect-error: decorator
@inline
function spreadPairs(small: usize, big: usize, line: i32, rows: i32, step: i32): void {
  const shared = v128.load(small);
  const near = i32x4.shuffle(shared, shared, 0, 0, 1, 1);
  const far = i32x4.shuffle(shared, shared, 2, 2, 3, 3);
  for (let i = 0; i < rows; i++, line += step) {
    const at = big + (line << 2);
    v128.store(at, f32x4.add(v128.load(at), near));
    v128.store(at, f32x4.add(v128.load(at, 16), far), 16);
  }
}

/** Four windows of a row that lie inside with all of their columns; the first one's corner is at `line`. */
// @ts-expect-error: decorator
@inline
function fourWindows(
  op: i32, small: usize, big: usize, line: i32, rows: i32, step: i32, kw: i32, sx: i32, dx: i32,
): void {
  // No branches for the largest: which way they would go is chance.
  let best = i32x4.splat(-1);
  let held = i32x4.splat(i32.MIN_VALUE);
  let total = f32x4.splat(0);
  const across = i32x4.mul(i32x4.splat(sx), i32x4(0, 1, 2, 3));
  for (let i = 0; i < rows; i++, line += step) {
    for (let j = 0; j < kw; j++) {
      const place = line + j * dx;
      const values = take(big + (place << 2), sx);
      if (op == SUM) total = f32x4.add(total, values);
      if (op == MAX) {
        const ranks = ranksOf(values);
        best = v128.bitselect(i32x4.add(i32x4.splat(place), across), best, i32x4.gt_s(ranks, held));
        held = i32x4.max_s(held, ranks);
      }
    }
  }
  if (op == MAX) v128.store(small, f32x4.convert_i32x4_s(best));
  if (op == SUM) v128.store(small, total);
}

/** One window, of `rows` × `columns` that are inside. */
// @ts-expect-error: decorator
@inline
function oneWindow(
  op: i32, small: usize, big: usize, line: i32, rows: i32, step: i32, columns: i32, dx: i32,
): void {
  let best = -1;
  let held = i32.MIN_VALUE;
  let total: f32 = 0;
  const shared = op == SPREAD ? load<f32>(small) : 0;
  for (let i = 0; i < rows; i++, line += step) {
    for (let j = 0; j < columns; j++) {
      const place = line + j * dx;
      const at = big + (place << 2);
      const value = load<f32>(at);
      if (op == SPREAD) store<f32>(at, value + shared);
      if (op == SUM) total += value;
      if (op == MAX) {
        const rank = rankOf(value);
        const better = -i32(rank > held);
        best ^= (best ^ place) & better;
        held ^= (held ^ rank) & better;
      }
    }
  }
  if (op == MAX) store<f32>(small, <f32>best);
  if (op == SUM) store<f32>(small, total);
}

/** One op on every window of every plane: `small` is what the windows make, `big` what they slide over. */
// @ts-expect-error: decorator
@inline
function eachWindow(
  op: i32, small: usize, big: usize, planes: i32, h: i32, w: i32, kh: i32, kw: i32, oh: i32, ow: i32,
  sy: i32, sx: i32, py: i32, px: i32, dy: i32, dx: i32,
): void {
  // Where windows overlap, four cannot be added to at once.
  const pairs = kw === 2 && sx === 2 && dx === 1;
  const stop = op == SPREAD && !pairs ? 0 : w - (kw - 1) * dx;
  for (let p = 0; p < planes; p++, big += (h * w) << 2) {
    for (let r = 0; r < oh; r++) {
      const top = r * sy - py;
      const i0 = firstTap(top, dy);
      const rows = endOfTaps(top, dy, kh, h) - i0;
      const line = (top + i0 * dy) * w;
      for (let c = 0; c < ow; ) {
        const left = c * sx - px;
        if (left >= 0 && left + 3 * sx < stop && c + 4 <= ow) {
          if (op == SPREAD) spreadPairs(small, big, line + left, rows, dy * w);
          else fourWindows(op, small, big, line + left, rows, dy * w, kw, sx, dx);
          c += 4;
          small += 16;
          continue;
        }
        const j0 = firstTap(left, dx);
        const columns = endOfTaps(left, dx, kw, w) - j0;
        oneWindow(op, small, big, line + left + j0 * dx, rows, dy * w, columns, dx);
        c++;
        small += 4;
      }
    }
  }
}

/** The place in its plane of each window's first largest element, or of its first NaN. */
export function maxPool2d(
  y: usize, x: usize, planes: i32, h: i32, w: i32, kh: i32, kw: i32, oh: i32, ow: i32,
  sy: i32, sx: i32, py: i32, px: i32, dy: i32, dx: i32,
): void {
  eachWindow(MAX, y, x, planes, h, w, kh, kw, oh, ow, sy, sx, py, px, dy, dx);
}

/** Σ of each window. */
export function avgPool2d(
  y: usize, x: usize, planes: i32, h: i32, w: i32, kh: i32, kw: i32, oh: i32, ow: i32,
  sy: i32, sx: i32, py: i32, px: i32, dy: i32, dx: i32,
): void {
  eachWindow(SUM, y, x, planes, h, w, kh, kw, oh, ow, sy, sx, py, px, dy, dx);
}

/** Each element of g added to its whole window; at a stride of 1 that is the sum of windows over g. */
export function avgPool2dGradient(
  out: usize, g: usize, planes: i32, h: i32, w: i32, kh: i32, kw: i32, oh: i32, ow: i32,
  sy: i32, sx: i32, py: i32, px: i32, dy: i32, dx: i32,
): void {
  if (sy == 1 && sx == 1) {
    const before = (kh - 1) * dy - py, left = (kw - 1) * dx - px;
    eachWindow(SUM, out, g, planes, oh, ow, kh, kw, h, w, 1, 1, before, left, dy, dx);
    return;
  }
  memory.fill(out, 0, (planes * h * w) << 2);
  eachWindow(SPREAD, g, out, planes, h, w, kh, kw, oh, ow, sy, sx, py, px, dy, dx);
}

/** out[o] = x[place o]; planes of x have `size` elements, those of places `count`. */
export function pickPlaces(out: usize, x: usize, places: usize, planes: i32, size: i32, count: i32): void {
  for (let p = 0; p < planes; p++, x += size << 2) {
    for (let o = 0; o < count; o++, out += 4, places += 4) {
      store<f32>(out, load<f32>(x + (<i32>load<f32>(places) << 2)));
    }
  }
}

/** out[place o] += g[o], zeros elsewhere. */
export function putBackPlaces(out: usize, g: usize, places: usize, planes: i32, size: i32, count: i32): void {
  memory.fill(out, 0, (planes * size) << 2);
  for (let p = 0; p < planes; p++, out += size << 2) {
    for (let o = 0; o < count; o++, g += 4, places += 4) {
      const at = out + (<i32>load<f32>(places) << 2);
      store<f32>(at, load<f32>(at) + load<f32>(g));
    }
  }
}
