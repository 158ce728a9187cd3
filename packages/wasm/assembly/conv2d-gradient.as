// The gradient of conv2d.as by its filters: ∂W = Σ over samples of g · Xᵀ.

import { begin, imageBytes, inRow, load4, padded, positionAt, tapAt, work } from "./conv2d";
import { ceil, multiply, packRows, transpose4 } from "./panels";
import { Plan } from "./plan";

/** Positions summed at once. */
const STRETCH: i32 = 256;

/** Stretches of an image. */
function stretchesOf(plan: Plan): i32 {
  return (plan.positions + STRETCH - 1) / STRETCH;
}

/** Stretches of all images: what calls are parts of. */
export function conv2dStretches(plan: Plan): i32 {
  return plan.samples * plan.groups * stretchesOf(plan);
}

/** Bytes that a call needs for itself. */
export function conv2dGradientRoom(plan: Plan): i32 {
  return imageBytes(plan) + (((8 + ceil(plan.filters, 4)) * STRETCH) << 2);
}

/** Eight taps, from this entry of their table on, of `count` positions: to[position][8]. */
function unfoldTaps(to: usize, image: usize, tap: usize, at: usize, count: i32): void {
  const t0 = image + load<u32>(tap), t1 = image + load<u32>(tap, 4);
  const t2 = image + load<u32>(tap, 8), t3 = image + load<u32>(tap, 12);
  const t4 = image + load<u32>(tap, 16), t5 = image + load<u32>(tap, 20);
  const t6 = image + load<u32>(tap, 24), t7 = image + load<u32>(tap, 28);
  const stop = at + (count << 2);
  while (at < stop) {
    const p = load<u32>(at);
    if (at + 16 <= stop && inRow(at)) {
      transpose4(to, 32, t0 + p, t1 + p, t2 + p, t3 + p);
      transpose4(to + 16, 32, t4 + p, t5 + p, t6 + p, t7 + p);
      to += 128;
      at += 16;
      continue;
    }
    v128.store(to, load4(t0 + p, t1 + p, t2 + p, t3 + p));
    v128.store(to, load4(t4 + p, t5 + p, t6 + p, t7 + p), 16);
    to += 32;
    at += 4;
  }
}

/** ∂W of the stretches [from, to): each is summed by itself, then added, in their order. */
export function conv2dFilterGradient(
  dw: usize, x: usize, g: usize, plan: Plan, shared: usize, from: i32, to: i32, room: usize,
): void {
  begin(plan, shared, room);
  const taps = plan.taps, filters = plan.filters, positions = plan.positions, groups = plan.groups;
  const stretches = stretchesOf(plan);
  const imageSize = (plan.channels * plan.height * plan.width) << 2;
  const packed = work + ((8 * STRETCH) << 2);
  memory.fill(dw, 0, (groups * filters * taps) << 2);
  let image: usize = 0;
  for (let item = from; item < to; item++) {
    const i = item / stretches;
    const p = (item % stretches) * STRETCH;
    const count = min(STRETCH, positions - p);
    if (p == 0 || item == from) image = padded(x + i * imageSize, plan);
    packRows(packed, g + ((i * filters * positions + p) << 2), positions << 2, filters, count);
    const out = dw + (((i % groups) * filters * taps) << 2);
    for (let t = 0; t < taps; t += 8) {
      unfoldTaps(work, image, tapAt + (t << 2), positionAt + (p << 2), count);
      multiply(out + (t << 2), taps << 2, packed, work, count, filters, taps - t, true);
    }
  }
}
