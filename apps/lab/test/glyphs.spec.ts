import { describe, expect, it } from "vitest";
import type { Split } from "../src/data/dataset.ts";
import { digitRows } from "../src/data/digits.ts";
import { glyphs } from "../src/data/glyphs.ts";
import { refusal } from "./folder.ts";

function countBy(ids: Int32Array): number[] {
  const counts: number[] = [];
  for (const id of ids) counts[id] = (counts[id] ?? 0) + 1;
  return counts;
}

/**
 * The digit and position whose ink, twice enlarged, fits an image best. Of a dark digit the best
 * correlation is negative, so its size is what counts.
 */
function bestMatch(image: Float32Array): number {
  let best = { label: -1, score: -1 };
  for (let label = 0; label < 10; label++) {
    const dots = digitRows[label]!;
    for (let top = 0; top <= 2; top++) {
      for (let left = 0; left <= 6; left++) {
        const isInk = (i: number): boolean =>
          dots[Math.floor(((i >> 4) - top) / 2)]?.[Math.floor(((i & 15) - left) / 2)] === "#";
        const score = Math.abs(correlation(image, isInk));
        if (score > best.score) best = { label, score };
      }
    }
  }
  return best.label;
}

function correlation(image: Float32Array, isInk: (i: number) => boolean): number {
  let [sum, squares, ink, product] = [0, 0, 0, 0];
  image.forEach((value, i) => {
    sum += value;
    squares += value * value;
    if (!isInk(i)) return;
    ink += 1;
    product += value;
  });
  const n = image.length;
  const covariance = product / n - (sum / n) * (ink / n);
  return covariance / Math.sqrt((squares / n - (sum / n) ** 2) * (ink / n) * (1 - ink / n));
}

/** The share of images of one domain that template matching reads rightly. */
function readable(split: Split, domain: number): number {
  const own = [...split.labels.keys()].filter((i) => split.domains![i] === domain);
  const right = own.filter(
    (i) => bestMatch(split.images.subarray(i * 256, (i + 1) * 256)) === split.labels[i],
  );
  return right.length / own.length;
}

describe("glyphs", () => {
  it("draws the same for the same seed and something else for another", () => {
    const small = { train: 50, test: 20 };
    expect(glyphs({ ...small, seed: 3 })).toEqual(glyphs({ ...small, seed: 3 }));
    expect(glyphs({ ...small, seed: 3 }).train.images).not.toEqual(
      glyphs({ ...small, seed: 4 }).train.images,
    );
  });

  it("has every class in every domain equally often, in both splits", () => {
    const { train, test, domains } = glyphs({ train: 400, test: 120 });
    expect(domains).toEqual(["plain", "inverted", "noisy", "textured"]);
    for (const [split, each] of [
      [train, 10],
      [test, 3],
    ] as const) {
      const pairs = split.labels.map((label, i) => label * 4 + split.domains![i]!);
      expect(countBy(pairs)).toEqual(Array(40).fill(each));
    }
  });

  it("shuffles: the first images are not one class after the other", () => {
    const { train } = glyphs({ train: 100, test: 10 });
    expect([...train.labels.slice(0, 10)]).not.toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  });

  it("draws 2000 training and 500 test images of 1 × 16 × 16 unless told", () => {
    const { train, test, shape } = glyphs();
    expect([train.count, test.count, ...shape]).toEqual([2000, 500, 1, 16, 16]);
    expect(train.images).toHaveLength(2000 * 256);
  });

  it("has training images of mean 0 and deviation 1", () => {
    const { images } = glyphs({ train: 300, test: 10 }).train;
    const mean = images.reduce((sum, value) => sum + value, 0) / images.length;
    const variance = images.reduce((sum, value) => sum + (value - mean) ** 2, 0) / images.length;
    expect(mean).toBeCloseTo(0, 6);
    expect(variance).toBeCloseTo(1, 5);
  });

  it("shows digits that can be read in every domain, though less well under noise", () => {
    const { train } = glyphs({ train: 400, test: 10 });
    const [plain, inverted, noisy, textured] = [0, 1, 2, 3].map((domain) =>
      readable(train, domain),
    );
    expect(plain).toBeGreaterThan(0.97);
    expect(inverted).toBeGreaterThan(0.97);
    expect(noisy).toBeGreaterThan(0.8);
    expect(textured).toBeGreaterThan(0.6);
    expect(noisy).toBeLessThanOrEqual(plain!);
  });

  it("refuses a number of images that is none", () => {
    expect(refusal(null, () => glyphs({ train: 1.5 }))).toBe(
      "glyphs: expected train to be a whole number of images above 0, got 1.5. Pass for example train: 500, or leave it out.",
    );
  });
});
