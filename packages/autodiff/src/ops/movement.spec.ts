import { opSuite } from "@evenkeel/testkit";
import { broadcastToCase, reshapeCase, transposeCase } from "@evenkeel/testkit/op-cases";
import { describe, expect, test } from "vitest";
import * as ad from "../index.ts";

const suites = [opSuite(reshapeCase), opSuite(broadcastToCase), opSuite(transposeCase)];
for (const { name, run } of suites.flat()) test(name, run);

describe("defaults of movement ops", () => {
  const x = ad.tensor([
    [1, 2, 3],
    [4, 5, 6],
  ]);
  test("transpose reverses the axes", () => {
    expect(ad.transpose(x).toArray()).toEqual([
      [1, 4],
      [2, 5],
      [3, 6],
    ]);
  });
  test("reshape shares memory: no copy is made", () => {
    expect(ad.reshape(x, [6]).data).toBe(x.data);
  });
});
