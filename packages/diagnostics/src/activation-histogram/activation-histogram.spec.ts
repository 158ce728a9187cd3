import { random } from "@evenkeel/autodiff";
import { Conv2d, norm, ReLU, Sequential } from "@evenkeel/nn";
import { describe, expect, test } from "vitest";
import { plainBatchNorm } from "../plain-batch-norm.reference.ts";
import { activationHistograms, histogram } from "./activation-histogram.ts";
import { type HistogramCurve, histogramPlot, normCurves } from "./histogram-plot.ts";

describe("histogram", () => {
  test("counts every finite value, outliers in the end bins", () => {
    const values = [...Array.from({ length: 999 }, (_, i) => i / 999), 1e9, Number.NaN];
    const { counts, edges } = histogram(values, { bins: 10 });
    expect(counts.reduce((sum, n) => sum + n, 0)).toBe(1000);
    expect(edges[0]).toBeCloseTo(0.005, 2);
    expect(edges.at(-1)).toBeLessThan(1.1);
  });

  test("of one value has that value in one bin", () => {
    expect(histogram([3, 3, 3], { bins: 4 })).toEqual({
      edges: [3, 3.25, 3.5, 3.75, 4],
      counts: [3, 0, 0, 0],
    });
  });

  test("of nothing finite is empty", () => {
    expect(histogram([Number.NaN, Infinity], { bins: 2 }).counts).toEqual([0, 0]);
  });

  test("has 40 bins unless told, and refuses other numbers", () => {
    expect(histogram([1]).counts).toHaveLength(40);
    expect(() => histogram([1], { bins: 0 })).toThrow(
      "histogram bins: expected a whole number >= 1, got 0.",
    );
  });
});

describe("activationHistograms", () => {
  const conv = new Conv2d({ inChannels: 3, outChannels: 2, kernelSize: 3, seed: 1 });
  const bn = norm(plainBatchNorm, { numFeatures: 2 });
  const model = new Sequential(conv, bn, new ReLU());
  const x = random(1).normal([5, 3, 6, 6], { mean: 1 });

  test("hold what enters and leaves each norm, before a ReLU behind it", () => {
    const layers = activationHistograms(model, x, { bins: 8 });
    const entering = conv.forward(x);
    expect(layers).toEqual([
      {
        layer: "1",
        before: histogram(entering.data, { bins: 8 }),
        after: histogram(bn.forward(entering).data, { bins: 8 }),
      },
    ]);
    expect(layers[0]!.after.edges[0]).toBeLessThan(-1);
  });
});

describe("histogramPlot", () => {
  const curve = (row: string, edges: number[], counts: number[]): HistogramCurve => ({
    row,
    column: "layer",
    histogram: { edges, counts },
  });

  test("compares bars by density, and scales each shape to its tallest", () => {
    const { marks } = histogramPlot([curve("a", [0, 1, 3], [4, 4])]);
    const line = marks.find(({ mark }) => mark === "line")!;
    expect(line.data.map(({ value, height }) => [value, height])).toEqual([
      [0, 1],
      [1, 0.5],
      [3, 0],
    ]);
  });

  test("ends at twice the usual reach, whatever one wild histogram does", () => {
    const usual = ["a", "b"].map((row) => curve(row, [-1, 0, 1], [5, 5]));
    const limitOf = (...curves: HistogramCurve[]) => histogramPlot(curves).scales.x!.domain;
    expect(limitOf(...usual)).toEqual([-1, 1]);
    expect(limitOf(...usual, curve("c", [-1e6, 1e6], [9]))).toEqual([-2, 2]);
    expect(limitOf()).toEqual([-1, 1]);
  });

  test("leaves out what is empty or has no finite edges", () => {
    const broken = [curve("b", [0, 1], [0]), curve("c", [0, Infinity], [3])];
    const { scales, marks } = histogramPlot([curve("a", [0, 1], [1]), ...broken]);
    expect(scales.fy!.domain).toEqual(["a"]);
    expect(marks.flatMap(({ data }) => data).filter(({ row }) => row !== "a" && row)).toEqual([]);
  });

  test("draws shades behind lines, and survives JSON", () => {
    const layer = { layer: "1", before: usualOf(0), after: usualOf(1) };
    const plot = histogramPlot(normCurves([layer], "red"));
    expect(plot.marks.map(({ mark }) => mark)).toEqual([
      "ruleX",
      "areaY",
      "areaY",
      "line",
      "ruleY",
      "text",
    ]);
    expect(plot.marks[3]!.options).toMatchObject({ stroke: "red" });
    expect(JSON.parse(JSON.stringify(plot))).toEqual(plot);
  });
});

const usualOf = (center: number) => ({ edges: [center - 1, center, center + 1], counts: [2, 3] });
