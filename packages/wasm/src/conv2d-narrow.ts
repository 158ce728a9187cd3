import {
  type Filters,
  lay,
  rooms,
  type Sizes,
  shares,
  type Tools,
  tell,
  turn,
  turnedBytes,
} from "./convolution.ts";

/** Groups of fewer channels and filters than a tile of a product of matrices has rows. */
export function isNarrow({ channels, filters }: Sizes): boolean {
  return Math.max(channels, filters) < 4;
}

/**
 * y, row by row. For the gradient of x by a stride, elements of g are taken for ones that lie that far apart.
 * False where memory is full.
 */
export function narrow(
  tools: Tools,
  y: number,
  x: number,
  filters: Filters,
  sizes: Sizes,
  apart: readonly [number, number] = [1, 1],
): boolean {
  const { wasm, threads, scratch, plan } = tools;
  tell(tools, sizes);
  const room = rooms(threads, wasm.conv2dNarrowRoom(plan));
  const places = lay(scratch, turnedBytes(filters, sizes), room.all);
  if (!places) return false;
  const [turned, own] = places as [number, number];
  const w = turn(wasm, filters, turned, sizes);
  const planes = sizes.samples * sizes.groups * sizes.filters;
  const calls = shares(threads, sizes, planes).map((cut) => [y, x, w, plan, ...apart, ...cut]);
  threads.split("conv2dNarrow", calls, room.of(own));
  return true;
}

export function narrowFilterGradient(
  tools: Tools,
  dw: number,
  x: number,
  g: number,
  sizes: Sizes,
): boolean {
  const { wasm, threads, scratch, plan } = tools;
  tell(tools, sizes);
  const room = rooms(threads, wasm.conv2dNarrowRoom(plan));
  const places = lay(scratch, room.all);
  if (!places) return false;
  const filters = sizes.groups * sizes.filters;
  const calls = shares(threads, sizes, filters).map((cut) => [dw, x, g, plan, ...cut]);
  threads.split("conv2dNarrowGradient", calls, room.of(places[0]!));
  return true;
}
