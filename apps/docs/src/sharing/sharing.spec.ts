import { describe, expect, test } from "vitest";
import { histogram, outline } from "./histogram.ts";
import { faces, offset, view } from "./layout.ts";
import { cells, mapOf, momentsOf, setOf, setsOf, sharings, size } from "./norms.ts";

const all = cells();
const sharing = (id: string) => sharings.find((one) => one.id === id)!;

describe("which elements share statistics", () => {
  test.each([
    ["batch", size.c],
    ["layer", size.n],
    ["instance", size.n * size.c],
    ["group", size.n * 2],
    ["ghost", 2 * size.c],
    ["positional", size.n * size.s],
  ])("%s norm has %i sets, all of one size", (id, count) => {
    const sets = all.map((cell) => setOf(sharing(id), cell));
    expect(setsOf(sharing(id))).toBe(count);
    for (let set = 0; set < count; set++) {
      expect(sets.filter((one) => one === set)).toHaveLength(all.length / count);
    }
  });

  test("a channel of batch norm is of one set, whatever sample and position", () => {
    const sets = all.filter(({ c }) => c === 2).map((cell) => setOf(sharing("batch"), cell));
    expect(new Set(sets).size).toBe(1);
  });
});

describe("the numbers beside the picture", () => {
  test("the map of the moments gives mean 0 and variance 1", () => {
    const values = all.filter(({ c }) => c === 0).map(({ value }) => value);
    const { center, scale } = mapOf(momentsOf(values));
    const { count, mean, m2 } = momentsOf(values.map((v) => (v - center) * scale));
    expect(mean).toBeCloseTo(0, 10);
    expect(m2 / count).toBeCloseTo(1, 4);
  });

  test("a histogram counts everything, what lies outside in the outer bars", () => {
    expect(histogram([-99, -1, 0, 0.5, 99], [-2, 2], 4)).toEqual([1, 1, 2, 1]);
  });

  test("its outline is as high as the most frequent bar", () => {
    expect(outline([0, 2, 1], 30, 40)).toBe("M0 40V40.0H10.0V2.0H20.0V21.0H30.0V40Z");
  });
});

describe("the block", () => {
  test("stays in the picture however it opens", () => {
    for (const one of sharings) {
      for (const cell of all) {
        const [dx, dy] = offset(one, cell);
        for (const point of Object.values(faces(cell)).join(" ").split(" ")) {
          const [x, y] = point.split(",").map(Number) as [number, number];
          expect(x + dx).toBeGreaterThan(view.x);
          expect(x + dx).toBeLessThan(view.x + view.width);
          expect(y + dy).toBeGreaterThan(view.y);
          expect(y + dy).toBeLessThan(view.y + view.height);
        }
      }
    }
  });

  test("opens between sets only: what is in one set moves alike", () => {
    for (const one of sharings) {
      const moves = new Map<number, string>();
      for (const cell of all) {
        const move = offset(one, cell)
          .map((v) => v.toFixed(6))
          .join();
        const set = setOf(one, cell);
        expect(moves.get(set) ?? move).toBe(move);
        moves.set(set, move);
      }
      expect(new Set(moves.values()).size).toBe(setsOf(one));
    }
  });
});
