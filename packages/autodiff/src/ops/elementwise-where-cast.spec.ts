import { opSuite } from "@evenkeel/testkit";
import { whereAndCastCases } from "@evenkeel/testkit/op-cases";
import { describe, expect, test } from "vitest";
import * as ad from "../index.ts";

const f64 = (data: ad.NestedNumbers): ad.Tensor => ad.tensor(data, { dtype: "float64" });

for (const op of whereAndCastCases) {
  describe(op.name, () => {
    for (const { name, run } of opSuite(op)) test(name, run);
  });
}

describe("numbers beside tensors", () => {
  test("a number takes the dtype of the tensor beside it, on either side", () => {
    expect(ad.add(1, f64([0.1])).dtype).toBe("float64");
    expect(ad.where(1, 2, f64([3])).data).toEqual(new Float64Array([2]));
  });
  test("numbers alone make a float32 scalar", () => {
    const y = ad.mul(0.1, 3);
    expect([y.shape, y.dtype, y.item()]).toEqual([
      [],
      "float32",
      Math.fround(Math.fround(0.1) * 3),
    ]);
  });
  test("cast to the own dtype is the tensor itself, and a gradient keeps its input's dtype", () => {
    const x = ad.ones([2]);
    expect(ad.cast(x, "float32")).toBe(x);
    const g = ad.grad((t: ad.Tensor) => ad.sum(ad.square(ad.cast(t, "float64"))))(x);
    expect([g.dtype, ...g.data]).toEqual(["float32", 2, 2]);
  });
});
