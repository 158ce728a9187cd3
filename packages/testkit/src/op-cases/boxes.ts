import * as ad from "@evenkeel/autodiff";
import { at, build } from "../ndarray.ts";
import type { OpCase } from "../op-suite.ts";
import { withParams } from "./draw.ts";

interface Box {
  readonly begin: readonly number[];
  readonly end: readonly number[];
}
export const sliceCase: OpCase<Box> = {
  name: "slice",
  call: ([x], { begin, end }) => ad.slice(x!, begin, end),
  samples: withParams((shape, numbers) => ({
    begin: shape.map((n, i) => (numbers[i]! % n) - (numbers[i + 8]! % 2 ? n : 0)),
    end: shape.map((n, i) => {
      const first = numbers[i]! % n;
      const end = first + (numbers[i + 4]! % (n - first + 1));
      return end < n && numbers[i + 8]! % 3 ? end - n : end;
    }),
  })),
  reference: ([x], { begin, end }) => {
    const from = begin.map((b, i) => (b < 0 ? b + x!.shape[i]! : b));
    const to = end.map((e, i) => (e < 0 ? e + x!.shape[i]! : e));
    return build(
      from.map((b, i) => to[i]! - b),
      (index) =>
        at(
          x!,
          index.map((i, axis) => i + from[axis]!),
        ),
    );
  },
  rejects: [
    {
      name: "an end beyond the axis",
      call: () => ad.slice(ad.zeros([2, 3]), [0, 1], [2, 4]),
      message:
        "slice: expected whole numbers 0 <= begin <= end within [2, 3], got begin [0, 1], end [2, 4].",
    },
    {
      name: "a begin after the end",
      call: () => ad.slice(ad.zeros([3]), [2], [1]),
      message:
        "slice: expected whole numbers 0 <= begin <= end within [3], got begin [2], end [1].",
    },
    {
      name: "more positions than axes",
      call: () => ad.slice(ad.zeros([3]), [0, 0]),
      message:
        "slice: expected whole numbers 0 <= begin <= end within [3], got begin [0, 0], end [].",
    },
    {
      name: "half a position",
      call: () => ad.slice(ad.zeros([3]), [0.5]),
      message:
        "slice: expected whole numbers 0 <= begin <= end within [3], got begin [0.5], end [].",
    },
  ],
};

export const padCase: OpCase<readonly (readonly [number, number])[]> = {
  name: "pad",
  call: ([x], padding) => ad.pad(x!, padding),
  samples: withParams((shape, numbers) =>
    shape.map((_, i) => [numbers[i]! % 3, numbers[i + 4]! % 3] as const),
  ),
  reference: ([x], padding) =>
    build(
      x!.shape.map((n, i) => n + padding[i]![0] + padding[i]![1]),
      (index) => {
        const own = index.map((i, axis) => i - padding[axis]![0]);
        const inside = own.every((i, axis) => i >= 0 && i < x!.shape[axis]!);
        return inside ? at(x!, own) : 0;
      },
    ),
  rejects: [
    {
      name: "a pair too few",
      call: () => ad.pad(ad.zeros([2, 3]), [[1, 1]]),
      message: "pad: expected 2 pairs [before, after] of whole numbers >= 0, got [[1,1]].",
    },
    {
      name: "a negative size",
      call: () => ad.pad(ad.zeros([2]), [[-1, 0]]),
      message: "pad: expected 1 pairs [before, after] of whole numbers >= 0, got [[-1,0]].",
    },
  ],
};

export const concatCase: OpCase<number> = {
  name: "concat",
  call: (inputs, axis) => ad.concat(inputs, axis),
  samples: withParams((shape, numbers) => ({
    axis: numbers[0]! % shape.length,
    sides: numbers.slice(1, 2 + (numbers[1]! % 3)),
  })).map(({ inputs: [x], params: { axis, sides } }) => ({
    inputs: sides.map((side, k) => {
      const shape = x!.shape.with(axis, side % 4);
      return ad.random(k).normal(shape, { dtype: "float64" });
    }),
    params: sides[0]! % 2 ? axis : axis - x!.rank,
  })),
  reference(inputs, given) {
    const [first] = inputs;
    const axis = (given + first!.shape.length) % first!.shape.length;
    const side = inputs.reduce((n, t) => n + t.shape[axis]!, 0);
    return build(first!.shape.with(axis, side), (index) => {
      let i = index[axis]!;
      for (const t of inputs) {
        if (i < t.shape[axis]!) return at(t, index.with(axis, i));
        i -= t.shape[axis]!;
      }
      return Number.NaN;
    });
  },
  rejects: [
    {
      name: "shapes that differ elsewhere",
      call: () => ad.concat([ad.zeros([2, 3]), ad.zeros([2, 4])], 0),
      message: "concat: expected shapes that agree except on axis 0, got [2, 3] and [2, 4].",
    },
    {
      name: "nothing",
      call: () => ad.concat([]),
      message: "concat: expected at least one tensor, got none.",
    },
  ],
};
