import {
  type Backend,
  cpu,
  random,
  type Shape,
  ShapeError,
  type Tensor,
  tensor,
  useBackend,
  ValueError,
  zeros,
} from "@evenkeel/autodiff";
import {
  at,
  checkGradients,
  eachIndex,
  expectClose,
  expectRefusal,
  ndarray,
  tolerances,
} from "@evenkeel/testkit";
import { afterEach, describe, expect, test } from "vitest";
import { maskedPlanes } from "./mask.ts";
import { type Moments, merge } from "./moments.ts";
import { momentsOfPlanes } from "./normalize.ts";

afterEach(() => useBackend(cpu));

/** The moments of each channel, from x laid out by the mask. */
function maskedMoments(x: Tensor, channelAxis: number, mask: Tensor): Moments {
  const masked = maskedPlanes("batchNorm", x, channelAxis, mask);
  const parts = momentsOfPlanes(masked.x, masked.layout);
  return merge(parts, { axes: 0, weights: masked.weights });
}

/** The same by going through x and the mask index by index. */
function reference(x: Tensor, channelAxis: number, mask: Tensor) {
  const channels = x.shape[channelAxis]!;
  const [count, mean, m2] = [0, 0, 0].map(() => ndarray([1, channels]).data);
  const each = (visit: (c: number, w: number, v: number) => void): void =>
    eachIndex(x.shape, (index, i) => {
      const position = index.filter((_, axis) => axis !== channelAxis);
      const place = mask.rank === 1 ? position.slice(0, 1) : position;
      visit(index[channelAxis]!, at(ndarray(mask.shape, mask.data), place), x.data[i]!);
    });
  each((c, w) => {
    count![c]! += w;
  });
  each((c, w, v) => {
    mean![c]! += (w * v) / count![c]!;
  });
  each((c, w, v) => {
    m2![c]! += w * (v - mean![c]!) ** 2;
  });
  return { count: count!, mean: mean!, m2: m2! };
}

interface Row {
  readonly shape: Shape;
  readonly axis: number;
  readonly mask: Shape;
}
const rows: Readonly<Record<string, Row>> = {
  "one weight per sample, channels on axis 1": { shape: [4, 3, 5], axis: 1, mask: [4] },
  "one weight per sample, channels last": { shape: [4, 5, 3], axis: 2, mask: [4] },
  "one weight per sample, channels on axis 0": { shape: [3, 4, 5], axis: 0, mask: [4] },
  "one weight per sample of rank 2": { shape: [4, 3], axis: 1, mask: [4] },
  "one weight per position, channels on axis 1": { shape: [2, 3, 4, 2], axis: 1, mask: [2, 4, 2] },
  "one weight per position, channels last": { shape: [2, 4, 3], axis: 2, mask: [2, 4] },
  "one weight per position, channels on axis 0": { shape: [3, 2, 4], axis: 0, mask: [2, 4] },
};

describe("maskedPlanes", () => {
  for (const [name, { shape, axis, mask: sides }] of Object.entries(rows)) {
    const stream = random(6);
    const x = stream.normal(shape, { dtype: "float64" });
    const weights = stream.uniform(sides, { low: 0.5, high: 2, dtype: "float64" });
    // Every third part is left out.
    const mask = tensor(
      weights.data.map((w, i) => (i % 3 === 1 ? 0 : w)),
      { shape: sides },
    );
    test(`weighs the moments of each channel by ${name}`, () => {
      const expected = reference(x, axis, mask);
      const { count, mean, m2 } = maskedMoments(x, axis, mask);
      const channels = [1, shape[axis]!];
      const near = tolerances.reference;
      expectClose("count", count as Tensor, ndarray(channels, expected.count), near);
      expectClose("mean", mean, ndarray(channels, expected.mean), near);
      expectClose("m2", m2, ndarray(channels, expected.m2), near);
    });
    test(`puts an output back into the shape of x, with ${name}`, () => {
      const masked = maskedPlanes("batchNorm", x, axis, mask);
      const { samples, outer, channels, inner } = masked.layout;
      expect(samples * outer * channels * inner).toBe(x.size);
      expect(channels).toBe(shape[axis]);
      expect(masked.weights.shape).toEqual([samples, 1]);
      const back = masked.restore(masked.x);
      expect(back.shape).toEqual(shape);
      expect([...back.data]).toEqual([...x.data]);
    });
    test(`lets gradients of x through, with ${name}`, () => {
      const f = (given: Tensor) => {
        const masked = maskedPlanes("batchNorm", given, axis, mask);
        return [maskedMoments(given, axis, mask).m2, masked.restore(masked.x)];
      };
      checkGradients(f, x, { order: 2 });
    });
  }
  test("copies nothing where a sample's channels are planes already", () => {
    const x = zeros([4, 3, 5]);
    expect(maskedPlanes("batchNorm", x, 1, tensor([1, 1, 0, 1])).x).toBe(x);
  });
});

describe("a mask is refused", () => {
  const x = zeros([3, 2, 4]);
  const call =
    (mask: Tensor, given = x) =>
    () =>
      maskedPlanes("batchNorm", given, 1, mask);
  test("in another shape", () => {
    const hint =
      "Give one weight per sample, or one per position (x's shape without the channel axis).";
    for (const shape of [[2], [3, 2], [3, 2, 4], []]) {
      const got = `[${shape.join(", ")}]`;
      expectRefusal(
        got,
        call(zeros(shape)),
        `batchNorm mask: expected shape [3] or [3, 4], got ${got}. ${hint}`,
      );
    }
    expect(call(zeros([2]))).toThrow(ShapeError);
  });
  const words =
    "batchNorm mask: expected weights >= 0 that leave more than one value for each statistic, got";
  test("with negative weights, or ones that are not finite", () => {
    for (const bad of [-1, Number.NaN, Number.POSITIVE_INFINITY]) {
      const mask = tensor([5, bad, 5]);
      expectRefusal(String(bad), call(mask), `${words} a negative or non-finite one.`);
      expect(call(mask)).toThrow(ValueError);
    }
  });
  test("if it leaves no more than one value, counting all positions of a sample", () => {
    expectRefusal("nothing", call(zeros([3])), `${words} a total weight of 0.`);
    const flat = zeros([3, 2]);
    expectRefusal("one", call(tensor([0, 1, 0]), flat), `${words} a total weight of 1.`);
    expectRefusal("one of long", call(tensor([0, 0.25, 0])), `${words} a total weight of 1.`);
    expect(call(tensor([0, 1, 0]))).not.toThrow();
    expect(call(tensor([0, 1, 1]), flat)).not.toThrow();
  });
  test("for its numbers only where memory can be read at once", () => {
    const far: Backend = { ...cpu, name: "far", inProcess: false };
    useBackend(far);
    expect(call(zeros([3]))).not.toThrow();
  });
});
