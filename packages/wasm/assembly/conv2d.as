// Convolution as a product of matrices, sample by sample and group by group. With X[taps, positions] what
// each tap of a filter meets at each output position,
//   y = W · X,   ∂X = Wᵀ · g, added back into the image,   ∂W = Σ over samples of g · Xᵀ.
// X is never whole: eight positions (or taps) of it at a time are copied into a panel. Two tables say where
// they are: the element of a tap at a position lies at image + tapAt[tap] + positionAt[position].
// The image is a copy with zeros around it where there is padding, so that nothing has to be checked.
// Tables and packed filters are `shared` by all calls of a convolution.

import { ceil, multiply, packColumns4, packColumns8, packRows } from "./panels";
import { copyLine, Plan } from "./plan";

// Where things lie: shared by all calls, and in the room of one.
export let positionAt: usize, tapAt: usize, work: usize;
let packed: usize, paddedImage: usize;

/** Bytes of tables, and of filters packed for y or for ∂X. */
export function conv2dShared(plan: Plan): i32 {
  const byFilter = ceil(plan.filters, 4) * plan.taps;
  const byTap = ceil(plan.taps, 4) * plan.filters;
  const tables = ceil(plan.positions, 8) + ceil(plan.taps, 8);
  return (tables + plan.groups * max(byFilter, byTap)) << 2;
}

/** Bytes that a call needs for itself, for y or ∂X. */
export function conv2dRoom(plan: Plan): i32 {
  return imageBytes(plan) + ((ceil(plan.taps, 4) + plan.filters) << 5);
}

export function isPadded(plan: Plan): bool {
  return (plan.paddingY | plan.paddingX) != 0;
}

function paddedPlane(plan: Plan): i32 {
  return (plan.height + 2 * plan.paddingY) * (plan.width + 2 * plan.paddingX);
}

/** Bytes of the image with padding. */
export function imageBytes(plan: Plan): i32 {
  return isPadded(plan) ? ceil(plan.channels * paddedPlane(plan), 4) << 2 : 0;
}

/** At the start of each call. */
export function begin(plan: Plan, shared: usize, room: usize): void {
  positionAt = shared;
  tapAt = positionAt + (ceil(plan.positions, 8) << 2);
  packed = tapAt + (ceil(plan.taps, 8) << 2);
  paddedImage = room;
  work = room + imageBytes(plan);
  memory.fill(paddedImage, 0, imageBytes(plan));
}

/** Fills the tables, past their ends with the first entry. */
export function conv2dTables(shared: usize, plan: Plan): void {
  const line = plan.width + 2 * plan.paddingX;
  for (let i = 0; i < ceil(plan.positions, 8); i++, shared += 4) {
    const at = (i / plan.columns) * plan.strideY * line + (i % plan.columns) * plan.strideX;
    store<u32>(shared, i < plan.positions ? at << 2 : 0);
  }
  const area = plan.kernelHeight * plan.kernelWidth;
  for (let i = 0; i < ceil(plan.taps, 8); i++, shared += 4) {
    const inside = i % area;
    const y = (inside / plan.kernelWidth) * plan.dilationY;
    const x = (inside % plan.kernelWidth) * plan.dilationX;
    store<u32>(shared, i < plan.taps ? ((i / area) * paddedPlane(plan) + y * line + x) << 2 : 0);
  }
}

/** Packs the filters for y, or with `across` for ∂X. */
export function conv2dPack(shared: usize, w: usize, plan: Plan, across: bool): void {
  const taps = plan.taps, filters = plan.filters;
  let to = shared + ((ceil(plan.positions, 8) + ceil(taps, 8)) << 2);
  for (let g = 0; g < plan.groups; g++, w += (filters * taps) << 2) {
    if (across) {
      packColumns4(to, w, taps << 2, filters, taps);
      to += (ceil(taps, 4) * filters) << 2;
    } else {
      packRows(to, w, taps << 2, filters, taps);
      to += (ceil(filters, 4) * taps) << 2;
    }
  }
}

/** The image at x with its padding. */
export function padded(x: usize, plan: Plan): usize {
  if (!isPadded(plan)) return x;
  copyImage(x, plan, true);
  return paddedImage;
}

/** Copies the image at x to the one with padding, or back. */
function copyImage(x: usize, plan: Plan, there: bool): void {
  const width = plan.width;
  const line = (width + 2 * plan.paddingX) << 2;
  for (let c = 0; c < plan.channels; c++) {
    let at = paddedImage + ((c * paddedPlane(plan) + plan.paddingX) << 2) + plan.paddingY * line;
    for (let y = 0; y < plan.height; y++, at += line, x += width << 2) {
      if (there) copyLine(at, x, width);
      else copyLine(x, at, width);
    }
  }
}

/** Whether the four positions from this entry of the table on are neighbours. */
// @ts-expect-error: decorator
@inline
export function inRow(at: usize): bool {
  return load<u32>(at, 12) - load<u32>(at) == 12;
}

// @ts-expect-error: decorator
@inline
export function load4(p0: usize, p1: usize, p2: usize, p3: usize): v128 {
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
function unfoldPositions(to: usize, image: usize, at: usize, taps: i32): void {
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

/** y = W · X, of the panels [from, to): eight positions each, those of all images in a row. */
export function conv2d(
  y: usize, x: usize, plan: Plan, shared: usize, from: i32, to: i32, room: usize,
): void {
  begin(plan, shared, room);
  const taps = plan.taps, filters = plan.filters, positions = plan.positions, groups = plan.groups;
  const panels = ceil(positions, 8) >> 3;
  const imageSize = (plan.channels * plan.height * plan.width) << 2;
  let image: usize = 0;
  for (let item = from; item < to; item++) {
    const i = item / panels;
    const p = (item % panels) << 3;
    if (p == 0 || item == from) image = padded(x + i * imageSize, plan);
    unfoldPositions(work, image, positionAt + (p << 2), taps);
    const a = packed + (((i % groups) * ceil(filters, 4) * taps) << 2);
    const out = y + ((i * filters * positions + p) << 2);
    multiply(out, positions << 2, a, work, taps, filters, positions - p, false);
  }
}

/**
 * Adds patches[tap][8] to the image, at the `count` positions from this entry of the table on. Channel
 * after channel for one element of the kernel: neighbouring taps overlap, and would wait for each other.
 */
function foldPositions(image: usize, patches: usize, at: usize, count: i32, plan: Plan): void {
  const area = plan.kernelHeight * plan.kernelWidth;
  const taps = plan.taps;
  const end = at + (min(count, 8) << 2);
  for (let k = 0; k < area; k++) {
    for (let tap = k; tap < taps; tap += area) {
      const to = image + load<u32>(tapAt + (tap << 2));
      const from = patches + (tap << 5);
      for (let p = at, v = from; p < end; p += 4, v += 4) {
        const o = to + load<u32>(p);
        store<f32>(o, load<f32>(o) + load<f32>(v));
      }
    }
  }
}

/** ∂X = Wᵀ · g of the images [from, to), eight positions at a time, added up where the patches overlap. */
export function conv2dInputGradient(
  dx: usize, g: usize, plan: Plan, shared: usize, from: i32, to: i32, room: usize,
): void {
  begin(plan, shared, room);
  const taps = plan.taps, filters = plan.filters, positions = plan.positions;
  const size = (plan.channels * plan.height * plan.width) << 2;
  const patches = work + (filters << 5);
  for (let i = from; i < to; i++) {
    const out = dx + i * size;
    const image = isPadded(plan) ? paddedImage : out;
    memory.fill(image, 0, isPadded(plan) ? imageBytes(plan) : size);
    const gradient = g + ((i * filters * positions) << 2);
    const a = packed + (((i % plan.groups) * ceil(taps, 4) * filters) << 2);
    for (let p = 0; p < positions; p += 8) {
      packColumns8(work, gradient + (p << 2), positions << 2, filters, min(8, positions - p));
      multiply(patches, 32, a, work, filters, taps, 8, false);
      foldPositions(image, patches, positionAt + (p << 2), positions - p, plan);
    }
    if (isPadded(plan)) copyImage(out, plan, false);
  }
}
