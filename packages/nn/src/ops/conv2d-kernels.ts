import type { Shape } from "@evenkeel/autodiff";
import { ceil4, type Elements, multiplyPanels, packColumns, packRows, scratch } from "./panels.ts";
import type { Window } from "./window.ts";

export interface Convolution extends Window {
  readonly groups: number;
}

/** The sizes of one convolution; channels and rows of the filter are those of one group. */
interface Sizes extends Convolution {
  readonly samples: number;
  readonly channels: number;
  readonly filters: number;
  readonly image: Shape;
  readonly kernel: Shape;
  readonly output: Shape;
  /** Numbers in one filter: the inner length of the forward product. */
  readonly taps: number;
}

export function sizesOf(x: Shape, weight: Shape, y: Shape, params: Convolution): Sizes {
  const { stride, padding, dilation, groups } = params;
  const [channels, kernel] = [weight[1]!, weight.slice(2)];
  return {
    ...{ stride, padding, dilation, groups, channels, kernel },
    samples: x[0]!,
    filters: weight[0]! / groups,
    image: x.slice(2),
    output: y.slice(2),
    taps: channels * kernel[0]! * kernel[1]!,
  };
}

/** Output positions worked on at once: their unfolded patches should stay in the cache. */
const TILE = 2 ** 15;

interface Tile {
  readonly group: number;
  /** Rows of the output, from ≤ row < to, and the positions in them. */
  readonly from: number;
  readonly to: number;
  readonly positions: number;
  /** Where the group's channels begin in x, and the tile in y. */
  readonly x: number;
  readonly y: number;
}

function eachTile(s: Sizes, visit: (tile: Tile) => void): void {
  const [rows, columns] = s.output as [number, number];
  const plane = s.image[0]! * s.image[1]!;
  const high = Math.max(1, Math.floor(TILE / (s.taps * columns)));
  for (let i = 0; i < s.samples * s.groups; i++) {
    for (let from = 0; from < rows; from += high) {
      const to = Math.min(rows, from + high);
      visit({
        ...{ group: i % s.groups, from, to },
        positions: (to - from) * columns,
        x: i * s.channels * plane,
        y: i * s.filters * rows * columns + from * columns,
      });
    }
  }
}

/**
 * Calls `visit(tap, position, row, first)` for each tap of a filter and each row of the tile: the
 * row's first position, the offset in x of the row under it, or −1 where that is padding, and the
 * column of x under that first position.
 */
function eachTapRow(
  s: Sizes,
  t: Tile,
  visit: (tap: number, position: number, row: number, first: number) => void,
): void {
  const [h, w] = s.image as [number, number];
  const [kh, kw] = s.kernel as [number, number];
  let tap = 0;
  for (let c = 0; c < s.channels; c++) {
    for (let i = 0; i < kh; i++) {
      for (let j = 0; j < kw; j++, tap++) {
        const first = j * s.dilation[1] - s.padding[1];
        for (let r = t.from; r < t.to; r++) {
          const y = r * s.stride[0] - s.padding[0] + i * s.dilation[0];
          const row = y < 0 || y >= h ? -1 : t.x + (c * h + y) * w;
          visit(tap, (r - t.from) * s.output[1]!, row, first);
        }
      }
    }
  }
}

/** What every tap meets at every position of the tile: panels of four positions, or of four taps. */
function unfold(x: Elements, s: Sizes, t: Tile, by: "position" | "tap"): Float64Array {
  const size = ceil4(t.positions) * ceil4(s.taps);
  const to = scratch(0, size);
  const columns = s.output[1]!;
  const width = s.image[1]!;
  const stride = s.stride[1];
  const [panel, lane] = by === "position" ? [4 * s.taps, 1] : [16, 4];
  eachTapRow(s, t, (tap, position, row, first) => {
    const start = by === "position" ? 4 * tap : (tap >> 2) * 4 * t.positions + (tap & 3);
    let ix = first;
    for (let p = position; p < position + columns; p++, ix += stride) {
      const inside = row >= 0 && ix >= 0 && ix < width;
      to[start + (p >> 2) * panel + (p & 3) * lane] = inside ? x[row + ix]! : 0;
    }
  });
  return to;
}

/** y = w ∗ x. */
export function convolve(y: Elements, x: Elements, w: Elements, s: Sizes): void {
  const { taps, filters } = s;
  const panels = ceil4(filters) * taps;
  const packed = scratch(1, s.groups * panels);
  for (let g = 0; g < s.groups; g++) {
    const rows = { data: w, offset: g * filters * taps, rows: filters, columns: taps, step: taps };
    packRows(rows, packed, g * panels);
  }
  const step = s.output[0]! * s.output[1]!;
  eachTile(s, (t) => {
    const patches = unfold(x, s, t, "position");
    const out = { data: y, offset: t.y, rows: filters, columns: t.positions, step };
    multiplyPanels(packed, t.group * panels, patches, taps, out, false);
  });
}

/** The gradient of x: each output position gives its gradient back to the patch it came from. */
export function convolveInput(dx: Elements, g: Elements, w: Elements, s: Sizes): void {
  const { taps, filters } = s;
  const panels = ceil4(taps) * filters;
  const packed = scratch(1, s.groups * panels);
  for (let i = 0; i < s.groups; i++) {
    const rows = { data: w, offset: i * filters * taps, rows: filters, columns: taps, step: taps };
    packColumns(rows, packed, i * panels);
  }
  dx.fill(0);
  const step = s.output[0]! * s.output[1]!;
  eachTile(s, (t) => {
    const columns = t.positions;
    const gradient = scratch(0, filters * ceil4(columns));
    packColumns({ data: g, offset: t.y, rows: filters, columns, step }, gradient, 0);
    const patches = scratch(2, taps * columns);
    const out = { data: patches, offset: 0, rows: taps, columns, step: columns };
    multiplyPanels(packed, t.group * panels, gradient, filters, out, false);
    fold(patches, dx, s, t);
  });
}

/** Adds patches [taps, positions] into the image they were cut from. */
function fold(patches: Float64Array, dx: Elements, s: Sizes, t: Tile): void {
  const columns = s.output[1]!;
  const width = s.image[1]!;
  const stride = s.stride[1];
  eachTapRow(s, t, (tap, position, row, first) => {
    if (row < 0) return;
    let from = tap * t.positions + position;
    for (let c = 0, ix = first; c < columns; c++, from++, ix += stride) {
      if (ix >= 0 && ix < width) dx[row + ix]! += patches[from]!;
    }
  });
}

/** The gradient of the filter: each output gradient times the patch it saw, summed in float64. */
export function convolveFilter(dw: Elements, x: Elements, g: Elements, s: Sizes): void {
  const { taps, filters } = s;
  const total = scratch(2, dw.length).fill(0, 0, dw.length);
  const step = s.output[0]! * s.output[1]!;
  eachTile(s, (t) => {
    const patches = unfold(x, s, t, "tap");
    const gradient = scratch(1, ceil4(filters) * t.positions);
    packRows({ data: g, offset: t.y, rows: filters, columns: t.positions, step }, gradient, 0);
    const offset = t.group * filters * taps;
    const out = { data: total, offset, rows: filters, columns: taps, step: taps };
    multiplyPanels(gradient, 0, patches, t.positions, out, true);
  });
  for (let i = 0; i < dw.length; i++) dw[i] = total[i]!;
}
