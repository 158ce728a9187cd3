import { random, type Tensor, transpose } from "@evenkeel/autodiff";
import { checkGradients, expectClose, methodSuite, tolerances } from "@evenkeel/testkit";
import { describe, expect, test } from "vitest";
import golden from "../../golden/positional-norm.json" with { type: "json" };
import { positionalNorm } from "../positional-norm/positional-norm.ts";
import { momentShortcutCase } from "./moment-shortcut.case.ts";
import { momentShortcut, positionalMoments } from "./moment-shortcut.ts";

describe("momentShortcut", () => {
  for (const { name, run } of methodSuite(momentShortcutCase, { golden: [golden] })) {
    test(name, run);
  }
});

describe("positionalMoments", () => {
  const x = random(1).normal([2, 5, 3, 2], { dtype: "float64", mean: 3 });

  test("are what positional norm takes out: the shortcut puts x together again", () => {
    for (const unbiased of [true, false]) {
      const { output } = positionalNorm({ numFeatures: 5, unbiased }).apply(x, {}, {});
      const again = momentShortcut(output, positionalMoments(x, { unbiased }));
      expectClose("x", again, x, tolerances.reference);
    }
  });

  test("have right derivatives of orders 1 to 3", () => {
    checkGradients((at) => ({ ...positionalMoments(at) }), x, { order: 3 });
  });

  test("take any channel axis", () => {
    const moved = transpose(x, [0, 2, 3, 1]);
    const { mean, std } = positionalMoments(moved, { channelAxis: -1 });
    expect(mean.shape).toEqual([2, 3, 2, 1]);
    const plain = positionalMoments(x);
    const first = (t: Tensor): Tensor => transpose(t, [0, 3, 1, 2]);
    expectClose("mean", first(mean), plain.mean, tolerances.reference);
    expectClose("std", first(std), plain.std, tolerances.reference);
    const back = momentShortcut(moved, { mean, std }, { channelAxis: 3 });
    expectClose("y", first(back), momentShortcut(x, plain), tolerances.reference);
  });

  test("keep the dtype of x", () => {
    const { mean, std } = positionalMoments(random(2).normal([1, 4, 2]));
    expect([mean.dtype, std.dtype]).toEqual(["float32", "float32"]);
  });
});
