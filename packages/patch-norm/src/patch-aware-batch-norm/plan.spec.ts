import { random } from "@evenkeel/autodiff";
import { describe, expect, test } from "vitest";
import { drawPatchPlan, type PatchPlan, type PatchVersion, type PlanSizes } from "./plan.ts";

const even = { statProb: 0.5, channelProb: 0.5 };
const image: PlanSizes = { depth: 8, channels: 3, height: 12, width: 16 };

function drawn(sizes: PlanSizes, count = 400): PatchPlan[] {
  const stream = random(1);
  return Array.from({ length: count }, () => drawPatchPlan(sizes, even, stream));
}
const patches = ({ rowSplit, colSplit }: PatchVersion): number =>
  (rowSplit ? 2 : 1) * (colSplit ? 2 : 1);

describe("drawPatchPlan", () => {
  test("takes two different ones of whole, halves and quarters, each pair as often", () => {
    const pairs = drawn(image, 1200).map(({ first, second }) => [patches(first), patches(second!)]);
    const counts = new Map<string, number>();
    for (const pair of pairs) counts.set(pair.join(), (counts.get(pair.join()) ?? 0) + 1);
    expect([...counts.keys()].sort()).toEqual(["1,2", "1,4", "2,1", "2,4", "4,1", "4,2"]);
    for (const count of counts.values()) expect(Math.abs(count - 200)).toBeLessThan(60);
  });
  test("cuts in the middle half of a side", () => {
    const versions = drawn(image).flatMap(({ first, second }) => [first, second!]);
    const rows = versions.flatMap(({ rowSplit }) => rowSplit ?? []);
    const cols = versions.flatMap(({ colSplit }) => colSplit ?? []);
    expect([...new Set(rows)].sort((a, b) => a - b)).toEqual([3, 4, 5, 6, 7, 8]);
    expect([...new Set(cols)].sort((a, b) => a - b)).toEqual([4, 5, 6, 7, 8, 9, 10, 11]);
  });
  test("leaves sides below 5 whole", () => {
    for (const { first, second } of drawn({ ...image, height: 4 })) {
      for (const version of [first, second!]) expect(version.rowSplit).toBeUndefined();
      expect([patches(first), patches(second!)].sort()).toEqual([1, 2]);
    }
    const small = drawn({ ...image, height: 4, width: 4 });
    expect(small.every(({ first, second }) => patches(first) === 1 && !second)).toBe(true);
  });
  test("makes no patch of one value", () => {
    const one = drawn({ depth: 1, channels: 1, height: 5, width: 5 });
    expect(one.every(({ first, second }) => patches(first) < 4 && patches(second!) < 4)).toBe(true);
  });
  test("draws a flag per patch and channel, and one per channel, by their probabilities", () => {
    const sizes = { ...image, channels: 50 };
    const { first, second, useSecond } = drawPatchPlan(
      sizes,
      { statProb: 0, channelProb: 1 },
      random(3),
    );
    expect(first.ownStatistics).toHaveLength(patches(first));
    expect(second?.ownStatistics?.flatMap((mask) => Array.from(mask)).every((v) => v === 0)).toBe(
      true,
    );
    expect(Array.from(useSecond!)).toEqual(Array.from({ length: 50 }, () => 1));
  });
});
