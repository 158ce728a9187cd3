import {
  checkAxes,
  checkAxis,
  fail,
  type Shape,
  ShapeError,
  showShape,
  sizeOf,
  type Tensor,
  transpose,
} from "@evenkeel/autodiff";

/**
 * How memory is read as planes, without copying: element (n, a, c, b) lies at
 * `((n·outer + a)·channels + c)·inner + b`, and plane (n, c) holds all its (a, b).
 *
 * One layout covers channels first (outer 1), channels last (inner 1), statistics per batch
 * (samples 1) and rows (one plane per row, or per position with the row along `outer`).
 */
export interface Layout {
  readonly samples: number;
  readonly outer: number;
  readonly channels: number;
  readonly inner: number;
}

/** Elements in one plane. */
export function planeSize({ outer, inner }: Layout): number {
  return outer * inner;
}

/** The shape of whatever there is one of per plane: `[samples, channels]`. */
export function planesShape({ samples, channels }: Layout): Shape {
  return [samples, channels];
}

/**
 * One plane per sample and channel. Samples lie along axis 0, so the channels cannot: see `samplesFirst`.
 */
export function samplePlanes(shape: Shape, channelAxis: number): Layout {
  const axis = checkAxis("samplePlanes", channelAxis, shape.length);
  if (axis === 0) {
    fail(
      {
        where: "samplePlanes",
        expected: "samples on axis 0",
        got: "channelAxis 0",
        hint: "Put x through samplesFirst before.",
      },
      ShapeError,
    );
  }
  const { outer, channels, inner } = batchPlanes(shape, axis);
  return { samples: shape[0]!, outer: outer / shape[0]!, channels, inner };
}

/** One plane per channel: all samples together. */
export function batchPlanes(shape: Shape, channelAxis: number): Layout {
  const axis = checkAxis("batchPlanes", channelAxis, shape.length);
  return {
    samples: 1,
    outer: sizeOf(shape.slice(0, axis)),
    channels: shape[axis]!,
    inner: sizeOf(shape.slice(axis + 1)),
  };
}

/**
 * x with its samples on axis 0: they lie on the first axis that is not the channels', so only channels
 * on axis 0 cost a transposition.
 *
 * @returns x, the axis of its channels then, and how to give an output the shape that came in.
 */
export function samplesFirst(
  x: Tensor,
  channelAxis: number,
): { readonly x: Tensor; readonly axis: number; readonly restore: (output: Tensor) => Tensor } {
  if (channelAxis > 0) return { x, axis: channelAxis, restore: (output) => output };
  const swap = (t: Tensor): Tensor =>
    transpose(t, [1, 0, ...t.shape.slice(2).map((_, i) => i + 2)]);
  return { x: swap(x), axis: 1, restore: swap };
}

/**
 * One plane per row along neighbouring axes (for layer norm: the trailing ones; for norms over the
 * channels of each position: the channel axis).
 */
export function rowPlanes(shape: Shape, axes: number | readonly number[]): Layout {
  const row = checkAxes("rowPlanes", axes, shape.length);
  if (row.some((a, i) => a !== row[0]! + i)) {
    fail(
      {
        where: "rowPlanes",
        expected: "neighboring axes",
        got: showShape(row),
        hint: "Bring them together with transpose before.",
      },
      ShapeError,
    );
  }
  const end = (row.at(-1) ?? -1) + 1;
  const after = sizeOf(shape.slice(end));
  const length = sizeOf(row.map((a) => shape[a]!));
  const samples = sizeOf(shape.slice(0, end - row.length));
  // A contiguous row is read along `inner`, a strided one along `outer`.
  if (after === 1) return { samples, outer: 1, channels: 1, inner: length };
  return { samples, outer: length, channels: after, inner: 1 };
}
