// Convolution in groups of very few channels and filters, as in depthwise layers, where products of matrices
// would be mostly empty: row by row,
//   y[o, r, c] = Σ over taps of w[o, tap] · x[tap's channel, r·stride + tap's row, c·stride + tap's column].
// The gradient of x is the same sum with turned filters over a g with zeros between its elements.

import { ceil } from "./panels";
import { copyLine, Plan } from "./plan";
import { madd, take } from "./simd";

let line: i32, plane: i32;

/** Rows and columns with all that any position sees. */
function measure(plan: Plan): void {
  line = (plan.columns - 1) * plan.strideX + (plan.kernelWidth - 1) * plan.dilationX + 1;
  plane = line * ((plan.rows - 1) * plan.strideY + (plan.kernelHeight - 1) * plan.dilationY + 1);
}

/** Bytes that a call needs for itself; past the end are numbers that are read and not used. */
export function conv2dNarrowRoom(plan: Plan): i32 {
  measure(plan);
  return ceil(plan.channels * plane + 4 * plan.strideX, 4) << 2;
}

/** The first of elements `apart` from each other, from `start` on, that is not negative. */
// @ts-expect-error: decorator
@inline
function firstInside(start: i32, apart: i32): i32 {
  return start < 0 ? (apart - 1 - start) / apart : 0;
}

/** The image at x with its padding; elements lie `apart` from each other. */
function pad(room: usize, x: usize, plan: Plan, apartY: i32, apartX: i32): void {
  const width = plan.width;
  const height = plane / line;
  const r0 = firstInside(plan.paddingY, apartY);
  const c0 = firstInside(plan.paddingX, apartX);
  const c1 = min(width, firstInside(plan.paddingX - line, apartX));
  for (let c = 0; c < plan.channels; c++, room += plane << 2, x += (plan.height * width) << 2) {
    for (let r = r0; r < plan.height; r++) {
      const y = plan.paddingY + r * apartY;
      if (y >= height) break;
      const from = x + ((r * width) << 2);
      const to = room + ((y * line + plan.paddingX) << 2);
      if (apartX == 1) copyLine(to + (c0 << 2), from + (c0 << 2), c1 - c0);
      else for (let i = c0; i < c1; i++) store<f32>(to + ((i * apartX) << 2), load<f32>(from + (i << 2)));
    }
  }
}

/** 4 · `vectors` places of y in a row, `vectors` being 1 or 4; the first tap of the first one lies at x. */
// @ts-expect-error: decorator
@inline
function sumTaps(y: usize, x: usize, w: usize, plan: Plan, stride: i32, vectors: i32, count: i32): void {
  const stepY = (plan.dilationY * line) << 2, stepX = plan.dilationX << 2;
  const width = plan.kernelWidth * stepX, height = plan.kernelHeight * stepY;
  let v0 = f32x4.splat(0), v1 = f32x4.splat(0), v2 = f32x4.splat(0), v3 = f32x4.splat(0);
  for (let c = 0; c < plan.channels; c++, x += plane << 2) {
    for (let row = x; row < x + height; row += stepY) {
      for (let at = row; at < row + width; at += stepX, w += 4) {
        const factor = v128.load32_splat(w);
        v0 = madd(factor, take(at, stride), v0);
        if (vectors == 1) continue;
        v1 = madd(factor, take(at + (stride << 4), stride), v1);
        v2 = madd(factor, take(at + (stride << 5), stride), v2);
        v3 = madd(factor, take(at + stride * 48, stride), v3);
      }
    }
  }
  if (vectors == 4) {
    v128.store(y, v0);
    v128.store(y, v1, 16);
    v128.store(y, v2, 32);
    v128.store(y, v3, 48);
  } else if (count >= 4) v128.store(y, v0);
  else {
    v128.store32_lane(y, v0, 0);
    if (count > 1) v128.store32_lane(y, v0, 1, 4);
    if (count > 2) v128.store32_lane(y, v0, 2, 8);
  }
}

/** A plane of y, all channels of whose image lie at x. */
// @ts-expect-error: decorator
@inline
function sumRows(y: usize, x: usize, w: usize, plan: Plan, stride: i32): void {
  const columns = plan.columns;
  for (let r = 0; r < plan.rows; r++, x += (plan.strideY * line) << 2) {
    let c = 0;
    for (; c + 16 <= columns; c += 16, y += 64) sumTaps(y, x + ((c * stride) << 2), w, plan, stride, 4, 16);
    for (; c < columns; c += 4) {
      sumTaps(y, x + ((c * stride) << 2), w, plan, stride, 1, columns - c);
      y += min(4, columns - c) << 2;
    }
  }
}

/** The planes [from, to) of y, those of all samples in a row; elements of x lie `apart` from each other. */
export function conv2dNarrow(
  y: usize, x: usize, w: usize, plan: Plan, apartY: i32, apartX: i32, from: i32, to: i32, room: usize,
): void {
  memory.fill(room, 0, conv2dNarrowRoom(plan));
  const filters = plan.filters;
  for (let i = from; i < to; i++) {
    const image = i / filters;
    if (i == from || i % filters == 0) {
      pad(room, x + ((image * plan.channels * plan.height * plan.width) << 2), plan, apartY, apartX);
    }
    const filter = w + (((i % (plan.groups * filters)) * plan.taps) << 2);
    const out = y + ((i * plan.positions) << 2);
    if (plan.strideX == 1) sumRows(out, room, filter, plan, 1);
    else sumRows(out, room, filter, plan, plan.strideX);
  }
}

/** Σ over a plane of g · what one tap meets, from x on. */
// @ts-expect-error: decorator
@inline
function dot(g: usize, x: usize, plan: Plan, stride: i32): f32 {
  const columns = plan.columns;
  let v0 = f32x4.splat(0), v1 = f32x4.splat(0);
  let rest: f32 = 0;
  for (let r = 0; r < plan.rows; r++, x += (plan.strideY * line) << 2) {
    let at = x;
    let c = 0;
    for (; c + 8 <= columns; c += 8, g += 32, at += stride << 5) {
      v0 = madd(v128.load(g), take(at, stride), v0);
      v1 = madd(v128.load(g, 16), take(at + (stride << 4), stride), v1);
    }
    for (; c + 4 <= columns; c += 4, g += 16, at += stride << 4) {
      v0 = madd(v128.load(g), take(at, stride), v0);
    }
    for (; c < columns; c++, g += 4, at += stride << 2) rest += load<f32>(g) * load<f32>(at);
  }
  const v = f32x4.add(v0, v1);
  rest += f32x4.extract_lane(v, 0) + f32x4.extract_lane(v, 1);
  return rest + f32x4.extract_lane(v, 2) + f32x4.extract_lane(v, 3);
}

/** The gradient of the filters [from, to): each plane is summed by itself, then added, sample by sample. */
export function conv2dNarrowGradient(
  dw: usize, x: usize, g: usize, plan: Plan, from: i32, to: i32, room: usize,
): void {
  memory.fill(room, 0, conv2dNarrowRoom(plan));
  const all = plan.groups * plan.filters;
  const area = plan.kernelHeight * plan.kernelWidth;
  memory.fill(dw + ((from * plan.taps) << 2), 0, ((to - from) * plan.taps) << 2);
  for (let f = from; f < to; f++) {
    for (let n = 0; n < plan.samples; n++) {
      const image = n * plan.groups + f / plan.filters;
      pad(room, x + ((image * plan.channels * plan.height * plan.width) << 2), plan, 1, 1);
      const gradient = g + (((n * all + f) * plan.positions) << 2);
      for (let t = 0; t < plan.taps; t++) {
        const y = ((t % area) / plan.kernelWidth) * plan.dilationY;
        const at = room + (((t / area) * plane + y * line + (t % plan.kernelWidth) * plan.dilationX) << 2);
        const out = dw + ((f * plan.taps + t) << 2);
        const sum = plan.strideX == 1 ? dot(gradient, at, plan, 1) : dot(gradient, at, plan, plan.strideX);
        store<f32>(out, load<f32>(out) + sum);
      }
    }
  }
}
