// The gradient of winograd.as by its filters. The sum that y is of them, read the other way round:
//   ∂w = Gᵀ · [Σ over tiles of (A · g · Aᵀ) ⊙ (Bᵀ · d · B)] · G.
// For each of the 36 points of ⊙, the sum over tiles of all filters and channels is a product of matrices.

import { ceil, multiply } from "./panels";
import { Plan } from "./plan";
import {
  firstSample, largestOf, line, measure, mostTiles, padRows, plane, select, tiles,
} from "./winograd-items";
import { filtersOf, TRANSFORM_WORK, transformPatches, transformTiles } from "./winograd-transforms";

const POINTS: i32 = 36;
/** See winograd.as. */
const APART: i32 = 64;

function sumsStep(plan: Plan): i32 {
  return ((ceil(plan.filters, 4) * ceil(plan.channels, 8)) << 2) + APART;
}

/** Bytes that a call needs for itself. */
export function winogradGradientRoom(plan: Plan): i32 {
  measure(plan);
  const tall = ceil(plan.filters, 4) + ceil(plan.channels, 8);
  const factors = POINTS * (((tall * mostTiles) << 2) + 2 * APART);
  return TRANSFORM_WORK + (mostTiles << 2) + 8 * plane + factors + plan.groups * POINTS * sumsStep(plan);
}

/** dw of the items [from, to); at magnitudes the largest in x and in g. */
export function winogradGradient(
  dw: usize, x: usize, g: usize, plan: Plan, magnitudes: usize, from: i32, to: i32, room: usize,
): void {
  measure(plan);
  const channels = plan.channels, filters = plan.filters;
  const tileAt = room + TRANSFORM_WORK;
  const rows = tileAt + (mostTiles << 2);
  const outRows = rows + 4 * plane;
  const v = outRows + 4 * plane;
  const vStep = ((ceil(channels, 8) * mostTiles) << 2) + APART;
  const a = v + POINTS * vStep;
  const aStep = ((ceil(filters, 4) * mostTiles) << 2) + APART;
  const sums = a + POINTS * aStep;
  const sumsOfGroup = POINTS * sumsStep(plan);
  memory.fill(rows, 0, 8 * plane);
  memory.fill(sums, 0, plan.groups * sumsOfGroup);
  let mostX = f32x4.splat(0);
  let mostG = f32x4.splat(0);
  for (let item = from; item < to; item++) {
    select(item, plan, tileAt);
    for (let k = 0; k < plan.groups; k++) {
      for (let c = 0; c < channels; c += 4) {
        mostX = padFour(rows, x, k, c, plan, mostX);
        patchesOf(v + (((c >> 3) * tiles) << 5) + ((c & 4) << 2), vStep, rows, tileAt, room);
      }
      for (let f = 0; f < filters; f += 4) {
        mostG = layFour(outRows, g, k, f, plan, mostG);
        gradientsOf(a + ((f * tiles) << 2), aStep, outRows, tileAt, room);
      }
      addProducts(sums + k * sumsOfGroup, a, aStep, v, vStep, plan);
    }
  }
  for (let k = 0; k < plan.groups; k++) {
    putFilters(dw + ((k * filters * channels * 9) << 2), sums + k * sumsOfGroup, plan, room);
  }
  store<f32>(magnitudes, largestOf(mostX));
  store<f32>(magnitudes, largestOf(mostG), 4);
}

/** The patches of four channels, in panels of eight channels. */
function patchesOf(to: usize, step: usize, rows: usize, tileAt: usize, room: usize): void {
  for (let t = 0; t < tiles; t++, to += 32, tileAt += 4) {
    const p = rows + load<u32>(tileAt);
    transformPatches(to, step, p, p + plane, p + 2 * plane, p + 3 * plane, line, room);
  }
}

/** The tiles of four channels of g, in panels of four. */
function gradientsOf(to: usize, step: usize, rows: usize, tileAt: usize, room: usize): void {
  for (let t = 0; t < tiles; t++, to += 16, tileAt += 4) {
    const p = rows + load<u32>(tileAt);
    transformTiles(to, step, p, p + plane, p + 2 * plane, p + 3 * plane, line, room);
  }
}

/** Four channels of x from c on; past the last one the last again, for which there is no place in dw. */
function padFour(rows: usize, x: usize, group: i32, c: i32, plan: Plan, most: v128): v128 {
  const size = (plan.height * plan.width) << 2;
  const step = plan.groups * plan.channels * size;
  const first = x + (firstSample * plan.groups + group) * plan.channels * size;
  for (let i = 0; i < 4; i++) {
    const from = first + min(c + i, plan.channels - 1) * size;
    const to = rows + i * plane;
    most = padRows(to, from, step, plan.height, plan.width, plan.paddingY, plan.paddingX, most);
  }
  return most;
}

/** Four channels of g, likewise. */
function layFour(rows: usize, g: usize, group: i32, f: i32, plan: Plan, most: v128): v128 {
  const size = plan.positions << 2;
  const step = plan.groups * plan.filters * size;
  const first = g + (firstSample * plan.groups + group) * plan.filters * size;
  for (let i = 0; i < 4; i++) {
    const to = rows + i * plane;
    const from = first + min(f + i, plan.filters - 1) * size;
    most = padRows(to, from, step, plan.rows, plan.columns, 0, 0, most);
  }
  return most;
}

/** sums[point, filter, channel] += Σ over the item's tiles of a · v. */
function addProducts(sums: usize, a: usize, aStep: usize, v: usize, vStep: usize, plan: Plan): void {
  const width = ceil(plan.channels, 8);
  for (let point = 0; point < POINTS; point++, sums += sumsStep(plan), a += aStep, v += vStep) {
    for (let c = 0; c < width; c += 8) {
      const panel = v + ((c * tiles) << 2);
      multiply(sums + (c << 2), width << 2, a, panel, tiles, ceil(plan.filters, 4), 8, true);
    }
  }
}

function putFilters(dw: usize, sums: usize, plan: Plan, room: usize): void {
  const channels = plan.channels;
  for (let f = 0; f < plan.filters; f++) {
    const row = sums + ((f * ceil(channels, 8)) << 2);
    for (let c = 0; c < channels; c += 4) {
      filtersOf(dw + (f * channels + c) * 36, row + (c << 2), sumsStep(plan), min(4, channels - c), room);
    }
  }
}
