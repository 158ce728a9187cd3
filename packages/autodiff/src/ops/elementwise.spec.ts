import { opSuite } from "@evenkeel/testkit";
import { binaryCases } from "@evenkeel/testkit/op-cases";
import { describe, expect, test } from "vitest";
import * as ad from "../index.ts";

const f64 = (data: ad.NestedNumbers): ad.Tensor => ad.tensor(data, { dtype: "float64" });

for (const op of binaryCases) {
  describe(op.name, () => {
    for (const { name, run } of opSuite(op)) test(name, run);
  });
}

describe("pow of whole exponents at 0", () => {
  const derivatives = (exponent: number): number[] => {
    let f = (x: ad.Tensor): ad.Tensor => ad.sum(ad.pow(x, exponent));
    return [1, 2, 3].map(() => {
      const lower = f;
      f = (x) => ad.sum(ad.grad(lower)(x));
      return f(f64([0])).item();
    });
  };
  test.each([
    [0, [0, 0, 0]],
    [1, [1, 0, 0]],
    [2, [0, 2, 0]],
    [3, [0, 0, 6]],
  ])("x to the power %i has derivatives %j", (exponent, expected) => {
    expect(derivatives(exponent)).toEqual(expected);
  });
  test("the mixed derivative of a^b at b = 0 is 1/a", () => {
    const byBase = (a: ad.Tensor, b: ad.Tensor): ad.Tensor =>
      ad.grad((t: ad.Tensor) => ad.pow(t, b))(a);
    expect(ad.grad(byBase, { argnums: 1 })(f64(4), f64(0)).item()).toBe(0.25);
  });
});
