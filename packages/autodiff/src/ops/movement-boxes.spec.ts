import { opSuite } from "@evenkeel/testkit";
import { concatCase, padCase, sliceCase } from "@evenkeel/testkit/op-cases";
import { expect, test } from "vitest";
import * as ad from "../index.ts";

const suites = [opSuite(sliceCase), opSuite(padCase), opSuite(concatCase)];
for (const { name, run } of suites.flat()) test(name, run);

const x = ad.tensor([
  [1, 2, 3],
  [4, 5, 6],
]);
test("slice takes whole axes where positions are missing, and counts back from the end", () => {
  expect(ad.slice(x, [1]).toArray()).toEqual([[4, 5, 6]]);
  expect(ad.slice(x, [0, -2], [-1]).toArray()).toEqual([[2, 3]]);
});
test("concat takes axis 0", () => {
  expect(ad.concat([x, x]).shape).toEqual([4, 3]);
});
