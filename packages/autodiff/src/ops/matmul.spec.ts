import { opSuite } from "@evenkeel/testkit";
import { matmulCase } from "@evenkeel/testkit/op-cases";
import { expect, test } from "vitest";
import * as ad from "../index.ts";

for (const { name, run } of opSuite(matmulCase)) test(name, run);

test("matmul over an empty inner axis is zero", () => {
  expect(ad.matmul(ad.zeros([2, 0]), ad.zeros([0, 1])).toArray()).toEqual([[0], [0]]);
});
