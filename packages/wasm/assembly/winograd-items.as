// What the Winograd kernels work on at a time. An item is a band of rows of tiles of one sample, or several
// whole samples where they are small: some 32 tiles, whose transforms stay in the cache.

import { ceil } from "./panels";
import { copyLine, Plan } from "./plan";

/** Tiles of an item, about. */
const TILES: i32 = 32;

let tileColumns: i32, tileRows: i32, together: i32, bandRows: i32, bands: i32;
let samples: i32, rowsHere: i32;

/** Of every item: the most tiles, and the bytes of a row and of all rows of a channel with their padding. */
export let mostTiles: i32, line: i32, plane: i32;
/** Of the one that was selected: its first sample and row, and how many tiles it has. */
export let firstSample: i32, firstRow: i32, tiles: i32;

// @ts-expect-error: decorator
@inline
function over(n: i32, unit: i32): i32 {
  return (n + unit - 1) / unit;
}

/** Measures the items of a convolution; returns how many there are. */
export function measure(plan: Plan): i32 {
  tileColumns = over(plan.columns, 4);
  tileRows = over(plan.rows, 4);
  together = max(1, TILES / (tileRows * tileColumns));
  bandRows = min(tileRows, max(1, TILES / tileColumns));
  bands = over(tileRows, bandRows);
  mostTiles = ceil(together * bandRows * tileColumns, 8);
  line = (4 * tileColumns + 2) << 2;
  // A patch more, which stands for tiles that there are not.
  plane = ceil(together * (4 * bandRows + 2) * line + 6 * line, 16);
  return over(plan.samples, together) * bands;
}

/** Makes an item the current one; writes where in a channel's rows each of its tiles begins. */
export function select(item: i32, plan: Plan, tileAt: usize): void {
  firstSample = (item / bands) * together;
  samples = min(together, plan.samples - firstSample);
  const band = (item % bands) * bandRows;
  firstRow = 4 * band;
  rowsHere = min(bandRows, tileRows - band);
  tiles = samples * rowsHere * tileColumns;
  for (let s = 0; s < samples; s++) {
    for (let r = 0; r < rowsHere; r++) {
      const row = (s * (4 * bandRows + 2) + 4 * r) * line;
      for (let c = 0; c < tileColumns; c++, tileAt += 4) store<u32>(tileAt, row + (c << 4));
    }
  }
  for (let t = tiles; t < mostTiles; t++, tileAt += 4) store<u32>(tileAt, plane - 6 * line);
}

/** Lane by lane the larger magnitude; as whole numbers, in whose order NaN is the largest. */
// @ts-expect-error: decorator
@inline
function larger(most: v128, v: v128): v128 {
  return i32x4.max_s(most, f32x4.abs(v));
}

/**
 * The rows that the item sees of a channel, `step` from sample to sample, with the zeros around them. Returns
 * lane by lane the largest of `most` and of their magnitudes; NaN where there is one.
 */
export function padRows(
  to: usize, from: usize, step: i32, height: i32, width: i32, paddingY: i32, paddingX: i32, most: v128,
): v128 {
  for (let s = 0; s < samples; s++, from += step) {
    let at = to + s * (4 * bandRows + 2) * line;
    const top = firstRow - paddingY;
    for (let y = top; y < top + 4 * rowsHere + 2; y++, at += line) {
      if (y < 0 || y >= height) {
        for (let i = at; i < at + line; i += 4) store<f32>(i, 0);
        continue;
      }
      let i = at + (paddingX << 2);
      let p = from + ((y * width) << 2);
      const stop = i + (width << 2);
      for (; i + 16 <= stop; i += 16, p += 16) {
        const v = v128.load(p);
        most = larger(most, v);
        v128.store(i, v);
      }
      for (; i < stop; i += 4, p += 4) {
        const v = v128.load32_splat(p);
        most = larger(most, v);
        v128.store32_lane(i, v, 0);
      }
    }
  }
  return most;
}

/** The item's rows of a channel of the output, back from their tiles. */
export function unpadRows(to: usize, from: usize, step: i32, height: i32, width: i32): void {
  const rows = min(4 * rowsHere, height - firstRow);
  for (let s = 0; s < samples; s++, to += step) {
    let at = from + s * (4 * bandRows + 2) * line;
    for (let y = firstRow; y < firstRow + rows; y++, at += line) {
      copyLine(to + ((y * width) << 2), at, width);
    }
  }
}

/** The largest lane. */
export function largestOf(most: v128): f32 {
  const left = max(i32x4.extract_lane(most, 0), i32x4.extract_lane(most, 1));
  const right = max(i32x4.extract_lane(most, 2), i32x4.extract_lane(most, 3));
  return reinterpret<f32>(max(left, right));
}
