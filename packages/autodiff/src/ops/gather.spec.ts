import { opSuite, remoteBackend } from "@evenkeel/testkit";
import { gatherCase, scatterAddCase } from "@evenkeel/testkit/op-cases";
import { afterEach, describe, expect, test } from "vitest";
import * as ad from "../index.ts";

const suites = [opSuite(gatherCase), opSuite(scatterAddCase)];
for (const { name, run } of suites.flat()) test(name, run);

afterEach(() => ad.useBackend(ad.cpu));

describe("gather by a tensor of indices", () => {
  test("does not look at them where the backend's memory is not in the process", async () => {
    ad.useBackend(remoteBackend());
    const x = ad.tensor([10, 11, 12]);
    expect(await ad.gather(x, ad.tensor([2, 0])).read()).toEqual(Float32Array.of(12, 10));
    expect(() => ad.gather(x, [3])).toThrow("whole-number indices from 0 to 2, got 3");
  });
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
