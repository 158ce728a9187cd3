import {
  type Filters,
  lay,
  rooms,
  type Sizes,
  shares,
  sizeOfFilters,
  summands,
  type Tools,
  tell,
  turn,
  turnedBytes,
} from "./convolution.ts";

/** With fewer channels or filters transforms cost more than they save. */
const NARROWEST = 6;
/** Transformed filters are four times as large: with more of them than this they fill the memory. */
const MOST = 2 ** 18;
/** Tiles that share the transform of the filters, at least. */
const TILES = 8;
/** Products of magnitudes and counts from which on a transform could overflow. */
const LARGEST = 1e34;

/**
 * Whether Winograd's way is the faster one: filters of 3 × 3 at a stride of 1, from 6 channels or more to 6
 * filters or more, over 8 tiles of 4 × 4 at least, of which a third or more lies inside the images.
 */
export function suitsWinograd(s: Sizes): boolean {
  const ones = [...s.stride, ...s.dilation].every((n) => n === 1);
  if (!ones || s.kernel.some((n) => n !== 3) || s.padding.some((n) => n < 0)) return false;
  const { channels, filters } = s;
  if (Math.min(channels, filters) < NARROWEST || channels * filters > MOST) return false;
  const [rows, columns] = s.output;
  const tiles = Math.ceil(rows / 4) * Math.ceil(columns / 4);
  return s.samples * tiles >= TILES && 16 * tiles <= 3 * rows * columns;
}

/** y; false where memory is full, or numbers are so large that one might reach places that do not see it. */
export function winograd(
  tools: Tools,
  y: number,
  x: number,
  filters: Filters,
  sizes: Sizes,
): boolean {
  const { wasm, threads, scratch, plan } = tools;
  tell(tools, sizes);
  const items = wasm.winogradItems(plan);
  const room = rooms(threads, wasm.winogradRoom(plan));
  const bytes = [turnedBytes(filters, sizes), wasm.winogradFiltersBytes(plan), 4 * items, room.all];
  const places = lay(scratch, ...bytes);
  if (!places) return false;
  const [turned, u, magnitudes, own] = places as [number, number, number, number];
  const w = turn(wasm, filters, turned, sizes);
  const largest = wasm.winogradFilters(u, w, plan, own);
  const calls = shares(threads, sizes, items).map(([from, to]) => [
    ...[y, x, plan, u, magnitudes],
    ...[from, to],
  ]);
  threads.split("winograd", calls, room.of(own));
  return areSafe(largest, wasm.largest(magnitudes, items), sizes.channels);
}

/** dw; false as above. */
export function winogradGradient(
  tools: Tools,
  dw: number,
  x: number,
  g: number,
  sizes: Sizes,
): boolean {
  const { wasm, threads, scratch, plan } = tools;
  tell(tools, sizes);
  const cuts = summands(sizes, wasm.winogradItems(plan));
  const size = sizeOfFilters(sizes);
  const room = rooms(threads, wasm.winogradGradientRoom(plan));
  const places = lay(scratch, 4 * size * cuts.length, 8 * cuts.length, room.all);
  if (!places) return false;
  const [sums, magnitudes, own] = places as [number, number, number];
  const calls = cuts.map(([from, to], i) => [
    ...[sums + 4 * i * size, x, g, plan, magnitudes + 8 * i],
    ...[from, to],
  ]);
  threads.split("winogradGradient", calls, room.of(own));
  wasm.addParts(dw, sums, cuts.length, size);
  const most = wasm.largest(magnitudes, 2 * cuts.length);
  return areSafe(most, most, sizes.samples * sizes.output[0] * sizes.output[1]);
}

/** Whether neither NaN nor infinity came in or came up. */
function areSafe(a: number, b: number, terms: number): boolean {
  return Math.max(a, b, a * b * terms) < LARGEST;
}
