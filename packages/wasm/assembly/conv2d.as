// Convolution as a product of matrices, sample by sample and group by group. With X[taps, positions] what
// each tap of a filter meets at each output position,
//   y = W · X,   ∂X = Wᵀ · g, added back into the image,   ∂W = Σ over samples of g · Xᵀ.
// X is never whole: eight positions (or taps) of it at a time are copied into a panel. Two tables say where
// they are: the element of a tap at a position lies at image + tapAt[tap] + positionAt[position].
// The image is a copy with zeros around it where there is padding, so that nothing has to be checked.

import { ceil, multiply, packColumns4, packColumns8, packRows, transpose4 } from "./panels";

/** Positions summed at once for the gradient of the filter. */
const STRETCH: i32 = 256;

// The sizes of the call; channels and filters are those of one group.
let samples: i32, groups: i32, channels: i32, filters: i32, height: i32, width: i32;
let kernelHeight: i32, kernelWidth: i32, rows: i32, columns: i32, strideY: i32, strideX: i32;
let paddingY: i32, paddingX: i32, dilationY: i32, dilationX: i32;
let taps: i32, positions: i32, isPadded: bool;
// Where things lie in scratch.
let positionAt: usize, tapAt: usize, paddedImage: usize, packed: usize, work: usize;

/** Sets the sizes of the next call and returns the bytes of scratch it needs. */
export function conv2dPlan(
  n: i32, g: i32, c: i32, f: i32, h: i32, w: i32, kh: i32, kw: i32, oh: i32, ow: i32,
  sy: i32, sx: i32, py: i32, px: i32, dy: i32, dx: i32,
): usize {
  samples = n; groups = g; channels = c; filters = f; height = h; width = w;
  kernelHeight = kh; kernelWidth = kw; rows = oh; columns = ow; strideY = sy; strideX = sx;
  paddingY = py; paddingX = px; dilationY = dy; dilationX = dx;
  taps = c * kh * kw;
  positions = oh * ow;
  isPadded = (py | px) != 0;
  return place(0);
}

/** Lays scratch out; returns where it ends. */
function place(scratch: usize): usize {
  const byTap = ceil(taps, 4) * filters;
  const byFilter = ceil(filters, 4) * max(taps, STRETCH);
  positionAt = scratch;
  tapAt = positionAt + (ceil(positions, 8) << 2);
  paddedImage = tapAt + (ceil(taps, 8) << 2);
  packed = paddedImage + (<usize>(isPadded ? ceil(channels * paddedPlane(), 4) : 0) << 2);
  work = packed + ((groups * max(byTap, byFilter)) << 2);
  return work + ((max(ceil(taps, 4) + filters, STRETCH) << 3) << 2);
}

function paddedPlane(): i32 {
  return (height + 2 * paddingY) * (width + 2 * paddingX);
}

/** Fills the tables, past their ends with the first entry, and the padding with zeros. */
function begin(scratch: usize): void {
  place(scratch);
  const line = width + 2 * paddingX;
  for (let i = 0; i < ceil(positions, 8); i++) {
    const at = (i / columns) * strideY * line + (i % columns) * strideX;
    store<u32>(positionAt + (i << 2), i < positions ? at << 2 : 0);
  }
  const area = kernelHeight * kernelWidth;
  for (let i = 0; i < ceil(taps, 8); i++) {
    const inside = i % area;
    const y = (inside / kernelWidth) * dilationY;
    const x = (inside % kernelWidth) * dilationX;
    store<u32>(tapAt + (i << 2), i < taps ? ((i / area) * paddedPlane() + y * line + x) << 2 : 0);
  }
  if (isPadded) memory.fill(paddedImage, 0, (channels * paddedPlane()) << 2);
}

/** The image at x with its padding. */
function padded(x: usize): usize {
  if (!isPadded) return x;
  copyImage(x, true);
  return paddedImage;
}

/** Copies the image at x to the one with padding, or back. */
function copyImage(x: usize, there: bool): void {
  const line = (width + 2 * paddingX) << 2;
  for (let c = 0; c < channels; c++) {
    let at = paddedImage + ((c * paddedPlane() + paddingX) << 2) + paddingY * line;
    for (let y = 0; y < height; y++, at += line, x += width << 2) {
      if (there) copyLine(at, x);
      else copyLine(x, at);
    }
  }
}

// @ts-expect-error: decorator
@inline
function copyLine(to: usize, from: usize): void {
  const stop = to + (width << 2);
  for (; to + 16 <= stop; to += 16, from += 16) v128.store(to, v128.load(from));
  for (; to < stop; to += 4, from += 4) store<f32>(to, load<f32>(from));
}

/** Whether the four positions from this entry of the table on are neighbours. */
// @ts-expect-error: decorator
@inline
function inRow(at: usize): bool {
  return load<u32>(at, 12) - load<u32>(at) == 12;
}

// @ts-expect-error: decorator
@inline
function load4(p0: usize, p1: usize, p2: usize, p3: usize): v128 {
  let v = v128.load_lane<f32>(p1, v128.load32_zero(p0), 1);
  v = v128.load_lane<f32>(p2, v, 2);
  return v128.load_lane<f32>(p3, v, 3);
}

/** Four positions of a tap, wherever they are. */
// @ts-expect-error: decorator
@inline
function gather(tap: usize, at: usize): v128 {
  return load4(tap + load<u32>(at), tap + load<u32>(at, 4), tap + load<u32>(at, 8), tap + load<u32>(at, 12));
}

/** Every tap of the eight positions from this entry of the table on: to[tap][8]. */
function unfoldPositions(to: usize, image: usize, at: usize): void {
  const stop = tapAt + (taps << 2);
  if (inRow(at) && inRow(at + 16)) {
    const left = image + load<u32>(at);
    const right = image + load<u32>(at, 16);
    for (let tap = tapAt; tap < stop; tap += 4, to += 32) {
      const offset = load<u32>(tap);
      v128.store(to, v128.load(left + offset));
      v128.store(to, v128.load(right + offset), 16);
    }
    return;
  }
  for (let tap = tapAt; tap < stop; tap += 4, to += 32) {
    const from = image + load<u32>(tap);
    v128.store(to, gather(from, at));
    v128.store(to, gather(from, at + 16), 16);
  }
}

/** y = W · X. */
export function conv2d(y: usize, x: usize, w: usize, scratch: usize): void {
  begin(scratch);
  const panels = (ceil(filters, 4) * taps) << 2;
  for (let g = 0; g < groups; g++) {
    packRows(packed + g * panels, w + ((g * filters * taps) << 2), taps << 2, filters, taps);
  }
  for (let i = 0; i < samples * groups; i++) {
    const image = padded(x + ((i * channels * height * width) << 2));
    const out = y + ((i * filters * positions) << 2);
    const a = packed + (i % groups) * panels;
    for (let p = 0; p < positions; p += 8) {
      unfoldPositions(work, image, positionAt + (p << 2));
      multiply(out + (p << 2), positions << 2, a, work, taps, filters, positions - p, false);
    }
  }
}

/**
 * Adds patches[tap][8] to the image, at the `count` positions from this entry of the table on. Channel
 * after channel for one element of the kernel: neighbouring taps overlap, and would wait for each other.
 */
function foldPositions(image: usize, patches: usize, at: usize, count: i32): void {
  const area = kernelHeight * kernelWidth;
  const together = count >= 8 && inRow(at) && inRow(at + 16);
  const end = at + (min(count, 8) << 2);
  for (let k = 0; k < area; k++) {
    for (let tap = k; tap < taps; tap += area) {
      const to = image + load<u32>(tapAt + (tap << 2));
      const from = patches + (tap << 5);
      if (together) {
        addTo(to + load<u32>(at), from);
        addTo(to + load<u32>(at, 16), from + 16);
        continue;
      }
      for (let p = at, v = from; p < end; p += 4, v += 4) {
        const o = to + load<u32>(p);
        store<f32>(o, load<f32>(o) + load<f32>(v));
      }
    }
  }
}

// @ts-expect-error: decorator
@inline
function addTo(to: usize, from: usize): void {
  v128.store(to, f32x4.add(v128.load(to), v128.load(from)));
}

/** ∂x: Wᵀ · g, eight positions at a time, added up where the patches overlap. */
export function conv2dInputGradient(dx: usize, g: usize, w: usize, scratch: usize): void {
  begin(scratch);
  const panels = (ceil(taps, 4) * filters) << 2;
  for (let k = 0; k < groups; k++) {
    packColumns4(packed + k * panels, w + ((k * filters * taps) << 2), taps << 2, filters, taps);
  }
  const size = channels * height * width;
  const patches = work + (filters << 5);
  for (let i = 0; i < samples * groups; i++, dx += size << 2) {
    const image = isPadded ? paddedImage : dx;
    memory.fill(image, 0, (isPadded ? channels * paddedPlane() : size) << 2);
    const gradient = g + ((i * filters * positions) << 2);
    const a = packed + (i % groups) * panels;
    for (let p = 0; p < positions; p += 8) {
      packColumns8(work, gradient + (p << 2), positions << 2, filters, min(8, positions - p));
      multiply(patches, 32, a, work, filters, taps, 8, false);
      foldPositions(image, patches, positionAt + (p << 2), positions - p);
    }
    if (isPadded) copyImage(dx, false);
  }
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

/** ∂W: each stretch of each sample is summed by itself, then added, always in the same order. */
export function conv2dFilterGradient(dw: usize, x: usize, g: usize, scratch: usize): void {
  begin(scratch);
  memory.fill(dw, 0, (groups * filters * taps) << 2);
  for (let i = 0; i < samples * groups; i++) {
    const image = padded(x + ((i * channels * height * width) << 2));
    const gradient = g + ((i * filters * positions) << 2);
    const out = dw + (((i % groups) * filters * taps) << 2);
    for (let p = 0; p < positions; p += STRETCH) {
      const count = min(STRETCH, positions - p);
      packRows(packed, gradient + (p << 2), positions << 2, filters, count);
      for (let t = 0; t < taps; t += 8) {
        unfoldTaps(work, image, tapAt + (t << 2), positionAt + (p << 2), count);
        multiply(out + (t << 2), taps << 2, packed, work, count, filters, taps - t, true);
      }
    }
  }
}
