import {
  concat,
  gather,
  reshape,
  sizeOf,
  slice,
  type Tensor,
  tensor,
  transpose,
  where,
} from "@evenkeel/autodiff";
import {
  type Layout,
  type Moments,
  merge,
  type PlaneMap,
  runningStatistics,
  standardMap,
  type Tensors,
  unbiasedVariance,
  updateRunning,
  variance,
} from "@evenkeel/norm-core";
import { type Patch, patchesOf } from "./check-plan.ts";
import type { PatchPlan, PatchVersion, PlanSizes } from "./plan.ts";

// Every position of a channel is a plane of its own, with the samples as its values: planes of one size, from
// which the moments of any rectangle merge, and to which any patch's map is handed out.

/** Where the channels lie among x's axes after the samples. */
interface Field {
  /** x's shape without its samples. */
  readonly shape: readonly number[];
  /** The channels' axis in it. */
  readonly axis: number;
}

/** What the patches of a call are normalized with. */
export interface PatchCall {
  readonly where: string;
  readonly field: Field;
  readonly sizes: PlanSizes;
  readonly plan: PatchPlan;
  readonly state: Tensors;
  /** Whether running statistics take in the patches of the first version. */
  readonly update: boolean;
  readonly eps: number;
  readonly momentum: number | null;
  readonly unbiasedRunningVar: boolean;
}

/** A plane for every position of every channel, with the samples' values. */
export function positionPlanes(
  x: Tensor,
  channelAxis: number,
): Pick<PatchCall, "field" | "sizes"> & { readonly layout: Layout } {
  const [samples, ...shape] = x.shape as [number, ...number[]];
  const axis = channelAxis - 1;
  const space = shape.filter((_, i) => i !== axis);
  const [width = 1, height = 1, ...rest] = space.reverse();
  const depth = rest.reduce((product, n) => product * n, samples);
  return {
    field: { shape, axis },
    sizes: { depth, channels: shape[axis]!, height, width },
    layout: { samples: 1, outer: samples, channels: x.size / samples, inner: 1 },
  };
}

/** The map of every position, and the next state: both versions, the first before the second. */
export function patchMap(
  call: PatchCall,
  positions: Moments,
  affine: Tensors,
): PlaneMap & { readonly aux: Tensors } {
  const { first, second } = call.plan;
  const moments = channelsFirst(positions, call);
  const moving = mapsOf(call, first, { moments, affine, state: call.state, update: call.update });
  const resting = second
    ? mapsOf(call, second, { moments, affine, state: moving.state, update: false })
    : { maps: [] };
  const maps = [...moving.maps, ...resting.maps];
  const ids = patchIds(call);
  const each = (part: keyof PlaneMap): Tensor => gather(concat(maps.map((map) => map[part])), ids);
  return {
    ...{ center: each("center"), scale: each("scale"), shift: each("shift") },
    aux: moving.state,
  };
}

/** The next state alone. */
export function movedStatistics(call: PatchCall, positions: Moments): Tensors {
  const moments = channelsFirst(positions, call);
  const { state } = call;
  return mapsOf(call, call.plan.first, { moments, affine: {}, state, update: true }).state;
}

/** The moments as [channels, rest, height, width]. */
function channelsFirst({ count, mean, m2 }: Moments, { field, sizes }: PatchCall): Moments {
  const { channels, height, width } = sizes;
  const axes = field.shape.map((_, i) => i).filter((i) => i !== field.axis);
  const shape = [channels, mean.size / (channels * height * width), height, width];
  const move = (t: Tensor): Tensor => {
    const whole = reshape(t, field.shape);
    return reshape(field.axis === 0 ? whole : transpose(whole, [field.axis, ...axes]), shape);
  };
  return { count, mean: move(mean), m2: move(m2) };
}

interface Pass {
  /** From `channelsFirst`. */
  readonly moments: Moments;
  readonly affine: Tensors;
  readonly state: Tensors;
  readonly update: boolean;
}

/** A map of [channels] per patch, each by the running statistics that the patches before it left. */
function mapsOf(
  { where: name, sizes, eps, momentum, unbiasedRunningVar }: PatchCall,
  version: PatchVersion,
  { moments, affine, state, update }: Pass,
): { readonly maps: readonly PlaneMap[]; readonly state: Tensors } {
  let running = state;
  const maps = patchesOf(version, sizes).map((patch, i) => {
    const own = momentsOfPatch(moments, patch);
    const mask = version.ownStatistics?.[i];
    const by = { mean: own.mean, variance: variance(own) };
    const used = mask ? mixed(by, runningStatistics(name, running, own.mean.dtype), mask) : by;
    if (update) {
      const spread = unbiasedRunningVar ? unbiasedVariance(own) : by.variance;
      running = updateRunning(name, running, { mean: own.mean, variance: spread }, momentum);
    }
    return standardMap(used.mean, used.variance, eps, affine);
  });
  return { maps, state: running };
}

function momentsOfPatch(
  { count, mean, m2 }: Moments,
  { top, bottom, left, right }: Patch,
): Moments {
  const [channels, rest] = mean.shape as [number, number];
  const cut = (t: Tensor): Tensor => slice(t, [0, 0, top, left], [channels, rest, bottom, right]);
  return merge({ count, mean: cut(mean), m2: cut(m2) }, { axes: [1, 2, 3], keepDims: false });
}

type Statistics = { readonly mean: Tensor; readonly variance: Tensor };

function mixed(own: Statistics, running: Statistics, mask: ArrayLike<number>): Statistics {
  const flags = tensor(Float64Array.from(mask), { shape: own.mean.shape, dtype: own.mean.dtype });
  return {
    mean: where(flags, own.mean, running.mean),
    variance: where(flags, own.variance, running.variance),
  };
}

/** For every position in x's order, where its patch's number of its channel is among all patches' numbers. */
function patchIds({ field: { shape, axis }, sizes, plan }: PatchCall): Int32Array {
  const { first, second, useSecond } = plan;
  const offset = patchesOf(first, sizes).length;
  const strides = shape.map((_, i) => sizeOf(shape.slice(i + 1)));
  const [column, row] = shape
    .map((_, i) => i)
    .filter((i) => i !== axis)
    .reverse();
  const along = (i: number, on: number | undefined): number =>
    on === undefined ? 0 : Math.floor(i / strides[on]!) % shape[on]!;
  return Int32Array.from({ length: sizeOf(shape) }, (_, i) => {
    const channel = along(i, axis);
    const isSecond = second !== undefined && useSecond?.[channel] === 1;
    const patch = patchAt(isSecond ? second : first, along(i, row), along(i, column));
    return (isSecond ? offset + patch : patch) * sizes.channels + channel;
  });
}

/** Which of a version's patches a place is in. */
function patchAt({ rowSplit, colSplit }: PatchVersion, row: number, column: number): number {
  const isRight = colSplit !== undefined && column >= colSplit ? 1 : 0;
  const isLower = rowSplit !== undefined && row >= rowSplit ? 1 : 0;
  return isLower * (colSplit === undefined ? 1 : 2) + isRight;
}
