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

/** y by the direct sum, as all here: false where memory is full. */
export function direct(
  tools: Tools,
  y: number,
  x: number,
  filters: Filters,
  sizes: Sizes,
): boolean {
  const { wasm, threads, scratch, plan } = tools;
  tell(tools, sizes);
  const room = rooms(threads, wasm.conv2dRoom(plan));
  const bytes = [turnedBytes(filters, sizes), wasm.conv2dShared(plan) >>> 0, room.all];
  const places = lay(scratch, ...bytes);
  if (!places) return false;
  const [turned, shared, own] = places as [number, number, number];
  wasm.conv2dTables(shared, plan);
  wasm.conv2dPack(shared, turn(wasm, filters, turned, sizes), plan, 0);
  const panels = sizes.samples * sizes.groups * Math.ceil((sizes.output[0] * sizes.output[1]) / 8);
  const calls = shares(threads, sizes, panels).map((cut) => [y, x, plan, shared, ...cut]);
  threads.split("conv2d", calls, room.of(own));
  return true;
}

/** dx of any stride. */
export function directInputGradient(
  tools: Tools,
  dx: number,
  g: number,
  w: number,
  sizes: Sizes,
): boolean {
  const { wasm, threads, scratch, plan } = tools;
  tell(tools, sizes);
  const room = rooms(threads, wasm.conv2dRoom(plan));
  const places = lay(scratch, wasm.conv2dShared(plan) >>> 0, room.all);
  if (!places) return false;
  const [shared, own] = places as [number, number];
  wasm.conv2dTables(shared, plan);
  wasm.conv2dPack(shared, w, plan, 1);
  const images = sizes.samples * sizes.groups;
  const calls = shares(threads, sizes, images).map((cut) => [dx, g, plan, shared, ...cut]);
  threads.split("conv2dInputGradient", calls, room.of(own));
  return true;
}

export function directFilterGradient(
  tools: Tools,
  dw: number,
  x: number,
  g: number,
  sizes: Sizes,
): boolean {
  const { wasm, threads, scratch, plan } = tools;
  tell(tools, sizes);
  const cuts = summands(sizes, wasm.conv2dStretches(plan));
  const size = sizeOfFilters(sizes);
  const room = rooms(threads, wasm.conv2dGradientRoom(plan));
  const places = lay(scratch, wasm.conv2dShared(plan) >>> 0, 4 * size * cuts.length, room.all);
  if (!places) return false;
  const [shared, sums, own] = places as [number, number, number];
  wasm.conv2dTables(shared, plan);
  const calls = cuts.map((cut, i) => [sums + 4 * i * size, x, g, plan, shared, ...cut]);
  threads.split("conv2dFilterGradient", calls, room.of(own));
  wasm.addParts(dw, sums, cuts.length, size);
  return true;
}
