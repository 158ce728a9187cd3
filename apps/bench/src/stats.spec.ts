import { expect, test } from "vitest";
import { affordableRuns, median, runsInRound } from "./stats.ts";

test("the median of an even number of values is the mean of the middle two", () => {
  expect(median([10, 1, 2, 100])).toBe(6);
  expect(median([10, 9, 100])).toBe(10);
});

test("runs fill the budget, but are three at least and no more than wanted", () => {
  expect(affordableRuns(100, 1000, 30)).toBe(10);
  expect(affordableRuns(1, 1000, 30)).toBe(30);
  expect(affordableRuns(7000, 1000, 30)).toBe(3);
  expect(affordableRuns(7000, 1000, 1)).toBe(1);
  expect(affordableRuns(0, 1000, 30)).toBe(30);
});

test("runs are spread evenly over the rounds, none lost", () => {
  const roundsOf = (runs: number, rounds: number): number[] =>
    Array.from({ length: rounds }, (_, i) => i).filter((i) => runsInRound(runs, i, rounds));
  expect(roundsOf(3, 30)).toEqual([9, 19, 29]);
  expect(roundsOf(4, 4)).toEqual([0, 1, 2, 3]);
  for (const runs of [1, 5, 7, 11]) expect(roundsOf(runs, 11)).toHaveLength(runs);
});
