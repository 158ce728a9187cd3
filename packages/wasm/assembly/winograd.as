// Convolution with filters of 3 × 3 at a stride of 1 by Winograd's F(4 × 4, 3 × 3): tiles of 4 × 4 of the
// output, each from the patch d of 6 × 6 that it sees,
//   y = Aᵀ · [Σ over channels of (G · w · Gᵀ) ⊙ (Bᵀ · d · B)] · A,
// which multiplies 36 times where the sum over taps does so 144 times. For each of the 36 points of ⊙, the
// sum over channels of all tiles and filters is a product of matrices.
//
// What is infinite or NaN, or becomes so on the way, reaches the whole tile. So the kernels say how large
// their numbers are, and whoever calls them takes the direct sum where that is too much.

import { ceil, multiply } from "./panels";
import { Plan } from "./plan";
import {
  firstSample, largestOf, line, measure, mostTiles, padRows, plane, select, tiles, unpadRows,
} from "./winograd-items";
import { TRANSFORM_WORK, tilesOf, transformFilters, transformPatches } from "./winograd-transforms";

const POINTS: i32 = 36;
/** A cache line between the matrices of two points, or all would compete for the same places of the cache. */
const APART: i32 = 64;

/** Bytes of the transformed filters at one point. */
function filtersStep(plan: Plan): i32 {
  return ((ceil(plan.filters, 4) * plan.channels) << 2) + APART;
}

export function winogradItems(plan: Plan): i32 {
  return measure(plan);
}

/** Bytes of all transformed filters. */
export function winogradFiltersBytes(plan: Plan): i32 {
  return plan.groups * POINTS * filtersStep(plan);
}

/** Bytes that a call needs for itself. */
export function winogradRoom(plan: Plan): i32 {
  measure(plan);
  const tall = plan.channels + ceil(plan.filters, 4);
  return TRANSFORM_WORK + (mostTiles << 2) + 2 * plane + POINTS * (((tall * mostTiles) << 2) + 2 * APART);
}

/** u[group, point, filter / 4, channel, 4] = G · w · Gᵀ; returns the largest magnitude in w. */
export function winogradFilters(u: usize, w: usize, plan: Plan, room: usize): f32 {
  const channels = plan.channels, filters = plan.filters;
  const step = filtersStep(plan);
  let most: f32 = 0;
  for (let i = 0; i < plan.groups * filters * plan.taps; i++) most = max(most, abs(load<f32>(w + (i << 2))));
  for (let g = 0; g < plan.groups; g++, u += POINTS * step, w += (filters * channels * 9) << 2) {
    let to = u;
    for (let f = 0; f < filters; f += 4) {
      // Past the last filter the last one again, for which there is no place in y.
      const p0 = w + f * channels * 36;
      const p1 = w + min(f + 1, filters - 1) * channels * 36;
      const p2 = w + min(f + 2, filters - 1) * channels * 36;
      const p3 = w + min(f + 3, filters - 1) * channels * 36;
      for (let c = 0; c < channels; c++, to += 16) {
        transformFilters(to, step, p0 + c * 36, p1 + c * 36, p2 + c * 36, p3 + c * 36, room);
      }
    }
  }
  return most;
}

/** The items [from, to) of y; at magnitudes[item] the largest magnitude in what the item sees of x. */
export function winograd(
  y: usize, x: usize, plan: Plan, u: usize, magnitudes: usize, from: i32, to: i32, room: usize,
): void {
  measure(plan);
  const channels = plan.channels, filters = plan.filters;
  const size = (plan.height * plan.width) << 2;
  const outSize = plan.positions << 2;
  const tileAt = room + TRANSFORM_WORK;
  const rows = tileAt + (mostTiles << 2);
  const outRows = rows + plane;
  const v = outRows + plane;
  const vStep = ((channels * mostTiles) << 2) + APART;
  const m = v + POINTS * vStep;
  const mStep = ((ceil(filters, 4) * mostTiles) << 2) + APART;
  memory.fill(rows, 0, plane);
  for (let item = from; item < to; item++) {
    select(item, plan, tileAt);
    let most = f32x4.splat(0);
    for (let g = 0; g < plan.groups; g++) {
      const image = x + (firstSample * plan.groups + g) * channels * size;
      for (let c = 0; c < channels; c++) {
        const step = plan.groups * channels * size;
        const from = image + c * size;
        most = padRows(rows, from, step, plan.height, plan.width, plan.paddingY, plan.paddingX, most);
        patchesOf(v + (c << 5), vStep, channels << 5, rows, tileAt, room);
      }
      for (let point = 0; point < POINTS; point++) {
        const a = u + (g * POINTS + point) * filtersStep(plan);
        sumChannels(m + point * mStep, a, v + point * vStep, plan);
      }
      const out = y + (firstSample * plan.groups + g) * filters * outSize;
      for (let f = 0; f < filters; f++) {
        putTiles(m + ((f * mostTiles) << 2), mStep, outRows, tileAt, room);
        unpadRows(out + f * outSize, outRows, plan.groups * filters * outSize, plan.rows, plan.columns);
      }
    }
    store<f32>(magnitudes + (item << 2), largestOf(most));
  }
}

/** m[filter, tile] = Σ over channels of u · v, at one point. */
function sumChannels(m: usize, u: usize, v: usize, plan: Plan): void {
  const channels = plan.channels;
  for (let t = 0; t < tiles; t += 8, m += 32, v += channels << 5) {
    multiply(m, mostTiles << 2, u, v, channels, ceil(plan.filters, 4), 8, false);
  }
}

/** The patches of one channel, in panels of eight tiles that are `panel` bytes apart. */
function patchesOf(to: usize, step: usize, panel: usize, rows: usize, tileAt: usize, room: usize): void {
  for (let t = 0; t < tiles; t += 8, to += panel, tileAt += 32) {
    transformPatches(
      to, step, rows + load<u32>(tileAt), rows + load<u32>(tileAt, 4),
      rows + load<u32>(tileAt, 8), rows + load<u32>(tileAt, 12), line, room,
    );
    transformPatches(
      to + 16, step, rows + load<u32>(tileAt, 16), rows + load<u32>(tileAt, 20),
      rows + load<u32>(tileAt, 24), rows + load<u32>(tileAt, 28), line, room,
    );
  }
}

/** The tiles of one filter. */
function putTiles(from: usize, step: usize, rows: usize, tileAt: usize, room: usize): void {
  for (let t = 0; t < tiles; t += 4, from += 16, tileAt += 16) {
    tilesOf(
      from, step, rows + load<u32>(tileAt), rows + load<u32>(tileAt, 4),
      rows + load<u32>(tileAt, 8), rows + load<u32>(tileAt, 12), line, room,
    );
  }
}
