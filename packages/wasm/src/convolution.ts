import type { Tensor } from "@evenkeel/autodiff";
import { parts, type Room, type Scratch, type Threads } from "./kernel.ts";
import type { Exports } from "./module.ts";

type Two = readonly [vertical: number, horizontal: number];

/** Convolutions of nn are known by name and parameters; see its `Convolution`. */
export interface Convolution {
  readonly stride: Two;
  readonly padding: Two;
  readonly dilation: Two;
  readonly groups: number;
}

/** The sizes of a convolution; channels and filters are those of one group. */
export interface Sizes extends Convolution {
  readonly samples: number;
  readonly channels: number;
  readonly filters: number;
  readonly image: Two;
  readonly kernel: Two;
  readonly output: Two;
}

/** What the ways to convolve share. */
export interface Tools {
  readonly wasm: Exports;
  readonly scratch: Scratch;
  readonly threads: Threads;
  /** The address of the sizes, which are told before every call. */
  readonly plan: number;
}

/** Filters, as they are or to be turned for the gradient of x. */
export interface Filters {
  readonly at: number;
  readonly turned: boolean;
}

export function sizesOf(x: Tensor, w: Tensor, y: Tensor, params: Convolution): Sizes {
  const { stride, padding, dilation, groups } = params;
  const [filters, channels, ...kernel] = w.shape as [number, number, number, number];
  const [samples, , ...image] = x.shape as [number, number, number, number];
  const [, , ...output] = y.shape as [number, number, number, number];
  return {
    ...{ samples, groups, channels, filters: filters / groups, image, kernel, output },
    ...{ stride, padding, dilation },
  };
}

/** The convolution of g that gives the gradient of x, where the stride is 1. */
export function turnedSizes(sizes: Sizes): Sizes {
  const { channels, filters, image, output, kernel, padding, dilation } = sizes;
  const around = (i: 0 | 1): number => dilation[i] * (kernel[i] - 1) - padding[i];
  return {
    ...sizes,
    ...{ channels: filters, filters: channels, image: output, output: image },
    ...{ stride: [1, 1], padding: [around(0), around(1)] },
  };
}

export function tell({ wasm, plan }: Tools, s: Sizes): void {
  const counts = [s.samples, s.groups, s.channels, s.filters];
  const sizes = [...s.image, ...s.kernel, ...s.output, ...s.stride, ...s.padding, ...s.dilation];
  wasm.conv2dPlan(plan, ...counts, ...sizes);
}

/** Addresses of rooms of so many bytes; undefined when memory is full. */
export function lay(scratch: Scratch, ...bytes: readonly number[]): number[] | undefined {
  const sizes = bytes.map(aligned);
  let next = scratch(sizes.reduce((a, b) => a + b, 0));
  if (next === undefined) return undefined;
  const places: number[] = [];
  for (const size of sizes) {
    places.push(next);
    next += size;
  }
  return places;
}

function aligned(bytes: number): number {
  return 16 * Math.ceil(bytes / 16);
}

/** A room of `bytes`, as the kernels count them, for each thread: what to lay, and how to hand it out. */
export function rooms(threads: Threads, bytes: number): { all: number; of(at: number): Room } {
  const own = aligned(bytes >>> 0);
  return { all: own * threads.most, of: (place) => ({ at: place, bytes: own }) };
}

/** Multiply-adds of the direct sum. */
function workOf(s: Sizes): number {
  const taps = s.channels * s.kernel[0] * s.kernel[1];
  return s.samples * s.groups * s.filters * s.output[0] * s.output[1] * taps;
}

/** Multiply-adds that are worth another thread. */
const LARGE = 2 ** 21;
/** Calls per convolution, so that no thread waits long for the last. */
const CALLS = 32;

/** Parts of what a convolution consists of. Bits do not depend on them. */
export function shares(threads: Threads, sizes: Sizes, count: number): [number, number][] {
  const alone = threads.most === 1 || workOf(sizes) < LARGE;
  return parts(count, alone ? Math.max(1, count) : Math.ceil(count / CALLS));
}

/** Parts of a sum at most, and numbers of all of them. */
const SUMS = 8;
const NUMBERS = 2 ** 24;
/** Positions that a part has at least. */
const POSITIONS = 1024;

/** Parts of a sum over samples and positions, which bits do depend on: so they follow from sizes only. */
export function summands(s: Sizes, count: number): [number, number][] {
  const most = Math.min(SUMS, NUMBERS / sizeOfFilters(s));
  const wanted = Math.floor((s.samples * s.output[0] * s.output[1]) / POSITIONS);
  const cuts = workOf(s) < LARGE ? 1 : Math.max(1, Math.min(most, wanted));
  return count === 0 ? [[0, 0]] : parts(count, Math.ceil(count / cuts));
}

/** Numbers of all filters. */
export function sizeOfFilters(s: Sizes): number {
  return s.groups * s.filters * s.channels * s.kernel[0] * s.kernel[1];
}

/** Room for turned filters, and where they are then. */
export function turnedBytes(filters: Filters, sizes: Sizes): number {
  return filters.turned ? 4 * sizeOfFilters(sizes) : 0;
}
export function turn(wasm: Exports, filters: Filters, room: number, s: Sizes): number {
  if (!filters.turned) return filters.at;
  // The sizes are those of the convolution of g: its channels are the filters of the other one.
  wasm.conv2dTurn(room, filters.at, s.groups, s.channels, s.filters, s.kernel[0] * s.kernel[1]);
  return room;
}
