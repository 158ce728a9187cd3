import {
  grad,
  mul,
  random,
  ShapeError,
  sum,
  type Tensor,
  tensor,
  ValueError,
  zeros,
} from "@evenkeel/autodiff";
import { expectClose, expectRefusal, ndarray, tolerances } from "@evenkeel/testkit";
import { describe, expect, test } from "vitest";
import { type Classes, checkClasses, lookup } from "./classes.ts";

const sizes = { numClasses: 4, samples: 3 };
const expected =
  "someNorm classes: expected 3 ids, one per sample, or soft classes of shape [3, 4]";

describe("checkClasses", () => {
  test("gives back what it was given", () => {
    const soft = zeros([3, 4]);
    for (const classes of [[0, 3, 3], Int32Array.of(2, 1, 0), soft]) {
      expect(checkClasses("someNorm", classes, sizes)).toBe(classes);
    }
  });
  const wrong: Readonly<Record<string, readonly [Classes | undefined, string]>> = {
    "no classes": [undefined, `${expected}, got none. Pass them in the condition.`],
    "too few ids": [[0, 1], `${expected}, got 2 ids. Pass them in the condition.`],
    "too many ids": [
      Int32Array.of(0, 1, 2, 3),
      `${expected}, got 4 ids. Pass them in the condition.`,
    ],
    "a tensor of ids": [
      tensor([0, 1, 2]),
      `${expected}, got shape [3]. Pass them in the condition.`,
    ],
    "soft classes of other classes": [
      zeros([3, 5]),
      `${expected}, got shape [3, 5]. Pass them in the condition.`,
    ],
  };
  for (const [name, [classes, message]] of Object.entries(wrong)) {
    test(`refuses ${name}`, () => {
      const call = (): Classes => checkClasses("someNorm", classes, sizes);
      expectRefusal(name, call, message);
      expect(call).toThrow(ShapeError);
    });
  }
  for (const id of [-1, 4, 1.5, Number.NaN]) {
    test(`refuses the id ${id} and says where it is`, () => {
      const call = (): Classes => checkClasses("someNorm", [0, id, 1], sizes);
      const message = `someNorm classes: expected whole numbers from 0 to 3, got ${id} at position 1.`;
      expectRefusal("id", call, message);
      expect(call).toThrow(ValueError);
    });
  }
});

describe("lookup", () => {
  const stream = random(1);
  const table = stream.normal([4, 2], { dtype: "float64" });
  const row = (k: number): number[] => [...table.data.subarray(2 * k, 2 * k + 2)];

  test("gives each sample the row of its class", () => {
    for (const ids of [[3, 0, 3], Int32Array.of(3, 0, 3)]) {
      const rows = lookup(table, ids);
      expect(rows.shape).toEqual([3, 2]);
      expect([...rows.data]).toEqual([...row(3), ...row(0), ...row(3)]);
    }
  });
  test("mixes rows by soft classes", () => {
    const soft = stream.uniform([3, 4], { dtype: "float64" });
    const mixed = [0, 1, 2].flatMap((n) =>
      [0, 1].map((c) => [0, 1, 2, 3].reduce((s, k) => s + soft.data[4 * n + k]! * row(k)[c]!, 0)),
    );
    expectClose("rows", lookup(table, soft), ndarray([3, 2], mixed), tolerances.reference);
  });
  test("soft classes that are all one class are that class", () => {
    const soft = tensor([
      [0, 0, 0, 1],
      [1, 0, 0, 0],
      [0, 0, 0, 1],
    ]);
    const [got, wanted] = [soft, [3, 0, 3]].map((c) =>
      lookup(tensor(table.data, { shape: [4, 2], dtype: "float32" }), c as Classes),
    );
    expect(got!.data).toEqual(wanted!.data);
  });
  test("sends the gradient of repeated ids to one row, and none to absent ones", () => {
    const g = stream.normal([3, 2], { dtype: "float64" });
    const d = grad((t: Tensor) => sum(mul(lookup(t, [3, 0, 3]), g)))(table);
    const [a, b, c, e, p, q] = g.data as unknown as [
      number,
      number,
      number,
      number,
      number,
      number,
    ];
    expect([...d.data]).toEqual([c, e, 0, 0, 0, 0, a + p, b + q]);
  });
});
