import { opSuite } from "@evenkeel/testkit";
import { gatherCase, scatterAddCase } from "@evenkeel/testkit/op-cases";
import { describe, expect, test } from "vitest";
import * as ad from "../index.ts";

const suites = [opSuite(gatherCase), opSuite(scatterAddCase)];
for (const { name, run } of suites.flat()) test(name, run);

describe("gather by a tensor of indices", () => {
  test("puts the indices' shape in the place of the axis", () => {
    const x = ad.tensor([10, 11, 12]);
    const at2d = ad.tensor([
      [2, 0],
      [1, 1],
    ]);
    expect(ad.gather(x, at2d).toArray()).toEqual([
      [12, 10],
      [11, 11],
    ]);
    expect(ad.gather(x, ad.tensor(2)).item()).toBe(12);
  });
  test("adds up the gradients of an element picked twice", () => {
    const twice = (x: ad.Tensor): ad.Tensor => ad.sum(ad.gather(x, [1, 1, 0]));
    expect(
      ad
        .grad(twice)(ad.zeros([3]))
        .toArray(),
    ).toEqual([1, 2, 0]);
  });
});
