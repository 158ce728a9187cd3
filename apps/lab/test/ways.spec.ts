import { describe, expect, test } from "vitest";
import { train } from "../src/compare/train.ts";
import { glyphs } from "../src/data/glyphs.ts";
import { holdoutNorms, names } from "../src/names.ts";
import { printWays } from "../src/report/ways-table.ts";
import { inventResult } from "./invented-result.ts";

const data = glyphs({ train: 160, test: 200, holdoutDomain: "inverted" });
const job = { batchSize: 16, seed: 1, steps: 20, lr: 0.003, histograms: false };
const waysOf = (norm: string) => train(data, { ...job, norm }, () => {});

describe("a network tested on a domain that it was not trained on", () => {
  test("with batch norm is trained once and evaluated by every norm of test time", () => {
    const steps: number[] = [];
    const run = train(data, { ...job, norm: "batchNorm" }, (step) => steps.push(step));
    expect(steps).toHaveLength(20);
    expect(run.ways?.map(({ name }) => name)).toEqual([
      "as trained",
      "prediction-time",
      "alpha, source 0.9",
      "alpha, source 0.5",
      "partly, mean",
      "partly, variance",
      "EMA-adaptive",
      "AdaBN",
      "TENT",
    ]);
    expect(run.accuracy).toBe(run.ways![0]!.accuracy);
    // Each is another function of the images: not all of them are right as often.
    expect(new Set(run.ways!.map(({ accuracy }) => accuracy)).size).toBeGreaterThan(2);
    const again = train(data, { ...job, norm: "batchNorm" }, () => {});
    expect(again.ways).toEqual(run.ways);
  });

  test("with statistics of each domain is evaluated by each branch and by all of them", () => {
    const told = ["told plain", "told noisy", "told textured"];
    const dsbn = waysOf("domainSpecificBatchNorm").ways!.map(({ name }) => name);
    expect(dsbn).toEqual(["mean of all branches", ...told]);
    const bne = waysOf("batchNormEmbeddings").ways!.map(({ name }) => name);
    expect(bne).toEqual(["mixture by distance", "mean of all branches", ...told]);
    const other = waysOf("classConditionalBatchNorm").ways!.map(({ name }) => name);
    expect(other).toEqual(dsbn);
  });

  test("with any other norm is evaluated as it is", () => {
    expect(waysOf("groupNorm").ways!.map(({ name }) => name)).toEqual(["as trained"]);
    expect(
      train(glyphs({ train: 40, test: 20 }), { ...job, norm: "groupNorm" }, () => {}).ways,
    ).toBeUndefined();
  });
});

describe("the table of ways", () => {
  test("has a row for each norm and way, with mean and deviation over the seeds", () => {
    const invented = inventResult({ norms: ["batchNorm"], batchSizes: [32], seeds: [1, 2] });
    const runs = invented.runs.map((run, i) => ({
      ...run,
      ways: [
        { name: "as trained", accuracy: 0.4 },
        { name: "TENT", accuracy: 0.5 + 0.1 * i },
      ],
    }));
    const text = printWays({ ...invented, runs }, "sketch");
    expect(text).toContain("Accuracy on sketch, which no network was trained on:");
    expect(text).toMatch(/batchNorm +│ as trained +│ +40\.0 ± 0\.0 %/);
    expect(text).toMatch(/batchNorm +│ TENT +│ +55\.0 ± 7\.1 %/);
  });
});

test("the norms compared by default exist", () => {
  for (const name of holdoutNorms) expect(names).toContain(name);
});
