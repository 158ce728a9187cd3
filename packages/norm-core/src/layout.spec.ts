import { random, type Shape, ShapeError } from "@evenkeel/autodiff";
import { eachIndex, expectRefusal, forAll, shapes } from "@evenkeel/testkit";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  batchPlanes,
  type Layout,
  planeSize,
  planesShape,
  rowPlanes,
  samplePlanes,
  samplesFirst,
} from "./layout.ts";

/** Which elements of memory share a plane, read off the layout. */
function planesOf({ samples, outer, channels, inner }: Layout): number[][] {
  const planes = Array.from({ length: samples * channels }, (): number[] => []);
  eachIndex([samples, outer, channels, inner], ([n, , c], i) =>
    planes[n! * channels + c!]!.push(i),
  );
  return planes;
}

/** Which elements share a plane, by what their indices on some axes are. */
function sharing(shape: Shape, axes: readonly number[]): number[][] {
  const planes = new Map<string, number[]>();
  eachIndex(shape, (index, i) => {
    const key = axes.map((a) => index[a]).join();
    planes.set(key, [...(planes.get(key) ?? []), i]);
  });
  return [...planes.values()];
}

const shapesWithAxis = fc
  .tuple(shapes({ minRank: 2 }), fc.nat({ max: 9 }), fc.boolean())
  .map(([shape, pick, back]) => {
    const axis = pick % shape.length;
    return { shape, axis, given: back ? axis - shape.length : axis };
  });

describe("samplePlanes", () => {
  test("puts what shares a sample and a channel into one plane", () => {
    forAll(shapesWithAxis, ({ shape, axis, given }) => {
      if (axis === 0) return;
      const layout = samplePlanes(shape, given);
      expect(planesOf(layout)).toEqual(sharing(shape, [0, axis]));
      expect(planesShape(layout)).toEqual([shape[0], shape[axis]]);
    });
  });
  test("refuses channels on axis 0 and an axis outside the rank", () => {
    expectRefusal(
      "channels on axis 0",
      () => samplePlanes([3, 2], 0),
      "samplePlanes: expected samples on axis 0, got channelAxis 0. " +
        "Put x through samplesFirst before.",
    );
    expect(() => samplePlanes([3, 2], -2)).toThrow(ShapeError);
    expectRefusal(
      "axis 2",
      () => samplePlanes([3, 2], 2),
      "samplePlanes: expected an axis from -2 to 1, got 2.",
    );
  });
});

describe("batchPlanes", () => {
  test("puts what shares a channel into one plane", () => {
    forAll(shapesWithAxis, ({ shape, axis, given }) => {
      const layout = batchPlanes(shape, given);
      expect(planesOf(layout)).toEqual(sharing(shape, [axis]));
      expect(planesShape(layout)).toEqual([1, shape[axis]]);
    });
  });
  test("refuses an axis outside the rank", () => {
    expectRefusal(
      "axis 2",
      () => batchPlanes([3, 2], 2),
      "batchPlanes: expected an axis from -2 to 1, got 2.",
    );
  });
});

describe("rowPlanes", () => {
  test("puts what differs only along neighbouring axes into one plane", () => {
    const rows = fc
      .tuple(shapes({ minRank: 1 }), fc.nat({ max: 9 }), fc.nat({ max: 9 }))
      .map(([shape, a, b]) => {
        const begin = a % shape.length;
        const length = 1 + (b % (shape.length - begin));
        return { shape, axes: Array.from({ length }, (_, i) => begin + i) };
      });
    forAll(rows, ({ shape, axes }) => {
      const others = shape.map((_, i) => i).filter((i) => !axes.includes(i));
      const layout = rowPlanes(shape, axes);
      expect(planesOf(layout)).toEqual(sharing(shape, others));
      expect(planeSize(layout)).toBe(axes.reduce((n, a) => n * shape[a]!, 1));
      expect(rowPlanes(shape, axes.map((a) => a - shape.length).reverse())).toEqual(layout);
    });
  });
  test("reads a contiguous row along inner and a strided one along outer", () => {
    expect(rowPlanes([4, 6], 1)).toEqual({ samples: 4, outer: 1, channels: 1, inner: 6 });
    expect(rowPlanes([2, 5, 3], 1)).toEqual({ samples: 2, outer: 5, channels: 3, inner: 1 });
  });
  test("refuses axes with another one between them", () => {
    expectRefusal(
      "axes 2 and 0",
      () => rowPlanes([2, 2, 2], [2, 0]),
      "rowPlanes: expected neighboring axes, got [0, 2]. " +
        "Bring them together with transpose before.",
    );
  });
  test("refuses an axis outside the rank", () => {
    expectRefusal(
      "axis 1",
      () => rowPlanes([3], 1),
      "rowPlanes: expected an axis from -1 to 0, got 1.",
    );
  });
});

describe("samplesFirst", () => {
  const x = random(1).normal([2, 3, 4]);
  test("leaves x alone where the channels are not on axis 0", () => {
    const found = samplesFirst(x, 2);
    expect(found.x).toBe(x);
    expect(found.axis).toBe(2);
    expect(found.restore(x)).toBe(x);
  });
  test("swaps samples in front of channels on axis 0, and back", () => {
    const found = samplesFirst(x, 0);
    expect(found.x.shape).toEqual([3, 2, 4]);
    expect(found.axis).toBe(1);
    eachIndex([2, 3, 4], ([c, n, k], i) => {
      expect(found.x.data[(n! * 2 + c!) * 4 + k!]).toBe(x.data[i]);
    });
    expect(found.restore(found.x).toArray()).toEqual(x.toArray());
  });
});
