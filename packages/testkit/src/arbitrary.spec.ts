import { broadcastShapes, cpu, random, showShape, type Tensor } from "@evenkeel/autodiff";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  broadcastable,
  broadcastTensors,
  drawTensor,
  grid,
  product,
  shapes,
  tensors,
} from "./arbitrary.ts";
import { remoteBackend } from "./remote.ts";
import { forAll, forAllOn, runs } from "./runs.ts";

describe("arbitraries", () => {
  test("shapes keep to their limits and reach them", () => {
    const seen = fc.sample(shapes({ minRank: 1, maxRank: 3, maxSide: 2 }), {
      numRuns: 200,
      seed: 1,
    });
    expect(new Set(seen.map((s) => s.length))).toEqual(new Set([1, 2, 3]));
    expect(new Set(seen.flat())).toEqual(new Set([1, 2]));
  });
  test("broadcastable shapes broadcast, with ones and missing axes among them", () => {
    const seen = fc.sample(broadcastable(2), { numRuns: 200, seed: 1 });
    for (const [a, b] of seen) broadcastShapes("test", a!, b!);
    expect(seen.some(([a, b]) => a!.length < b!.length)).toBe(true);
    expect(seen.some(([a, b]) => showShape(a!) !== showShape(b!) && a!.length === b!.length)).toBe(
      true,
    );
  });
  test("tensors stay in their domain, away from its kinks", () => {
    forAll(tensors(shapes(), { min: -1, max: 1, awayFrom: [0, 0.5], margin: 0.2 }), (x) => {
      expect(x.dtype).toBe("float64");
      for (const v of x.data) {
        expect(Math.abs(v)).toBeLessThanOrEqual(1);
        expect(Math.abs(v)).toBeGreaterThanOrEqual(0.2);
        expect(Math.abs(v - 0.5)).toBeGreaterThanOrEqual(0.2);
      }
    });
  });
  test("distinct tensors have no ties, nor near ones", () => {
    const sorted = drawTensor(random(1), [50], { distinct: true }).data.slice().sort();
    for (let i = 1; i < 50; i++) expect(sorted[i]! - sorted[i - 1]!).toBeGreaterThan(0.03);
  });
  test("an empty domain is an error that says so", () => {
    expect(() => drawTensor(random(1), [1], { min: 0, max: 0.1, awayFrom: [0] })).toThrow(
      "tensors: expected numbers from 0 to 0.1 at least 0.1 from 0, got none in a thousand attempts. Widen the domain or lower the margin.",
    );
  });
  test("broadcastTensors draw one tensor of each domain", () => {
    forAll(
      broadcastTensors([
        { min: 5, max: 6 },
        { min: -6, max: -5 },
      ]),
      ([a, b]) => {
        expect(a!.data.every((v) => v >= 5) && b!.data.every((v) => v <= -5)).toBe(true);
      },
    );
  });
  test("product lists every combination, grid draws them all", () => {
    const axes = { affine: [true, false], momentum: [0.1, null] };
    const all = product(axes);
    expect(all).toEqual([
      { affine: true, momentum: 0.1 },
      { affine: true, momentum: null },
      { affine: false, momentum: 0.1 },
      { affine: false, momentum: null },
    ]);
    const seen = fc.sample(grid(axes), { numRuns: 100, seed: 1 }).map((o) => JSON.stringify(o));
    expect(new Set(seen)).toEqual(new Set(all.map((o) => JSON.stringify(o))));
  });
});

/** What a property that does not hold says. */
function message(run: () => void): string {
  try {
    run();
  } catch (error) {
    return (error as Error).message;
  }
  return expect.unreachable("the property held");
}

describe("a failing property", () => {
  test("shrinks to a small shape and short numbers, and shows them with the seed", () => {
    const text = message(() =>
      forAll(tensors(shapes({ minRank: 1 })), (x) => {
        if (x.size >= 2) throw new Error("too many");
      }),
    );
    expect(text).toMatch(
      /^too many\n {2}for float64 \[[12, ]+\] -?\d(\.\d)?( \|)? -?\d(\.\d)?\n {2}\(run \d+, shrunk \d+ times; FC_SEED=\d+, path [\d:]+\)$/,
    );
  });
  test("keeps the error as its cause", () => {
    const cause = new Error("why");
    try {
      forAll(fc.constant(1), () => {
        throw cause;
      });
      expect.unreachable();
    } catch (error) {
      expect((error as Error).cause).toBe(cause);
    }
  });
  test("that finds no samples is an error, not a success", () => {
    expect(message(() => forAll(fc.nat(), () => fc.pre(false)))).toMatch(/too many pre-condition/);
  });
});

describe("a property of a backend", () => {
  const drawn = tensors(shapes({ minRank: 1 }));
  const small = (x: Tensor): void => {
    if (x.size >= 2) throw new Error("too many");
  };
  test("is checked at once where memory is in the process", () => {
    expect(forAllOn(cpu, drawn, () => {})).toBeUndefined();
    expect(message(() => forAllOn(cpu, drawn, small))).toBe(message(() => forAll(drawn, small)));
  });
  test("waits elsewhere, for the same samples and the same report", async () => {
    const [now, later]: [number[], number[]] = [[], []];
    forAll(drawn, (x) => void now.push(x.size), 0.2);
    await forAllOn(remoteBackend(), drawn, async (x) => void later.push(x.size), 0.2);
    expect(later).toEqual(now);
    const failed = forAllOn(remoteBackend(), drawn, async (x) => small(x)) as Promise<void>;
    await expect(failed).rejects.toThrow(message(() => forAll(drawn, small)));
  });
});

describe("runs", () => {
  test("are fifty from a fixed seed, or what the environment says, less for costly ones", () => {
    const before = { ...process.env };
    try {
      delete process.env["FC_RUNS"];
      delete process.env["FC_SEED"];
      const { numRuns, seed } = runs();
      expect(numRuns).toBe(50);
      expect(runs().seed).toBe(seed);
      expect(runs(0.2).numRuns).toBe(10);
      expect(runs(0.001).numRuns).toBe(3);
      process.env["FC_RUNS"] = "2000";
      process.env["FC_SEED"] = "-5";
      expect(runs()).toEqual({ numRuns: 2000, seed: -5 });
      process.env["FC_RUNS"] = "many";
      expect(() => runs()).toThrow('FC_RUNS: expected a whole number, got "many".');
    } finally {
      process.env = before;
    }
  });
});
