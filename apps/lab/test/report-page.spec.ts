import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parseHTML } from "linkedom";
import { describe, expect, it } from "vitest";
import { accuracyByBatch } from "../src/report/accuracy-plot.ts";
import { activationHistograms } from "../src/report/histogram-plot.ts";
import { lossCurves } from "../src/report/loss-plot.ts";
import { reportPage } from "../src/report/page.ts";
import { renderPlot } from "../src/report/render.ts";
import type { CompareResult } from "../src/report/results.ts";
import { writeReport } from "../src/report/write.ts";
import { folderWith, refusal } from "./folder.ts";
import { inventResult } from "./invented-result.ts";

const norms = ["batchNorm", "groupNorm", "rmsNorm"];
const result = inventResult({ norms, diverging: ["batchNorm"], stepCount: 60 });

function page(from: CompareResult): Document {
  return parseHTML(reportPage(from)).document;
}

function texts(document: Document, selector: string): string[] {
  return [...document.querySelectorAll(selector)].map((node) => node.textContent ?? "");
}

describe("the report", () => {
  it("asks for nothing from outside and runs no script", () => {
    const html = reportPage(result);
    expect(html).not.toMatch(/<script|<link|<img|<iframe|@import|\bsrc=|\son\w+=/i);
    const addresses = [...html.matchAll(/(?:https?:)?\/\/[^"'\s<>]+/g)].map(([address]) => address);
    expect(addresses.filter((address) => !address.includes("www.w3.org"))).toEqual([]);
  });

  it("has a table with a row per norm and the accuracy and time per batch size", () => {
    const document = page(result);
    const rows = [...document.querySelectorAll("tbody tr")];
    expect(rows.map((row) => row.querySelector("th")?.textContent?.trim())).toEqual(norms);
    expect(rows.map((row) => row.querySelectorAll("td").length)).toEqual([6, 6, 6]);
    expect(texts(document, "thead th[colspan]")).toEqual([
      "batch size 2",
      "batch size 8",
      "batch size 32",
    ]);
    expect(texts(document, ".bad")).toEqual(["3 of 3 diverged"]);
    // One best accuracy at each batch size; the invented skill grows with the norm's place.
    expect(document.querySelectorAll("td.best")).toHaveLength(3);
  });

  it("explains each plot and says how it was run", () => {
    const document = page({
      ...result,
      skipped: [{ norm: "batchNorm", batchSize: 1, why: "it needs two values" }],
    });
    expect(texts(document, "h2")).toEqual([
      "Summary",
      "Accuracy against batch size",
      "Training loss",
      "Activations before and after the norm",
      "How it was run",
    ]);
    expect(texts(document, "h2 + p")).toHaveLength(4);
    expect(texts(document, "dd")).toContain("60 of 2 images, 60 of 8 images, 60 of 32 images");
    expect(texts(document, "dd")).toContain("4 min 12 s");
    expect(texts(document, "li")).toContain("batchNorm at batch size 1: it needs two values");
  });

  it("gives a norm the same color everywhere", () => {
    const document = page(result);
    for (const figure of document.querySelectorAll("figure")) {
      expect(figure.innerHTML).toContain("var(--norm-1, ");
    }
    const swatches = [...document.querySelectorAll(".legend li")].filter(
      (item) => item.textContent === "groupNorm",
    );
    expect(swatches).toHaveLength(2);
    expect(swatches.every((item) => item.innerHTML.includes("var(--norm-1, "))).toBe(true);
  });

  it("escapes names, wherever they stand", () => {
    const evil = `<b onload="x">&'`;
    const { dataset } = result;
    const html = reportPage({
      ...inventResult({ norms: [evil], diverging: [evil], stepCount: 20 }),
      dataset: { ...dataset, name: evil },
      skipped: [{ norm: evil, batchSize: 1, why: evil }],
    });
    const { document } = parseHTML(html);
    expect(document.querySelectorAll("b")).toHaveLength(0);
    expect(document.querySelector("title")?.textContent).toBe(`Norms compared on ${evil}`);
    expect(html).not.toContain("<b onload");
  });

  it("stands runs that diverged, NaN all through or without finite activations", () => {
    const broken: CompareResult = {
      ...result,
      runs: result.runs.map((run) => ({
        ...run,
        losses: run.losses.map(() => NaN),
        accuracy: NaN,
        diverged: true,
        histograms: run.histograms.map(({ layer }) => ({
          layer,
          before: { edges: [NaN, NaN], counts: [0] },
          after: { edges: [0, 1], counts: [0] },
        })),
      })),
    };
    const html = reportPage(broken);
    expect(texts(page(broken), ".bad")).toEqual(Array(9).fill("3 of 3 diverged"));
    expect(html.match(/\b(?:NaN|Infinity|undefined)\b/)).toBeNull();
  });

  it("draws no NaN for runs that diverge half-way", () => {
    const html = reportPage(result);
    expect(html.match(/\b(?:NaN|Infinity|undefined)\b/)).toBeNull();
    expect(html).toContain("batchNorm diverged after 33 % of the training");
  });

  it("stands 45 norms, one norm, and none", () => {
    const many = Array.from({ length: 45 }, (_, i) => `norm${i}`);
    const big = inventResult({ norms: many, batchSizes: [2, 4], seeds: [1], stepCount: 10 });
    expect(page(big).querySelectorAll("tbody tr")).toHaveLength(45);
    const small = inventResult({ norms: ["a"], batchSizes: [4], seeds: [1], stepCount: 1 });
    expect(reportPage(small).match(/\b(?:NaN|Infinity|undefined)\b/)).toBeNull();
    expect(texts(page(inventResult({ norms: [] })), "body > p")).toContain("Nothing was run.");
  });

  it("has no section on activations where none were recorded", () => {
    const runs = result.runs.map((run) => ({ ...run, histograms: [] }));
    expect(texts(page({ ...result, runs }), "h2")).not.toContain(
      "Activations before and after the norm",
    );
  });
});

describe("plots", () => {
  it("of accuracy have a titled dot per norm and batch size, and a cross for what diverged", () => {
    const titles = [...renderPlot(accuracyByBatch(result)).matchAll(/<title>([^<]*)/g)].map(
      ([, title]) => title,
    );
    expect(titles).toHaveLength(9);
    expect(titles[0]).toMatch(/^batchNorm, batch size 8: \d+\.\d ± \d\.\d %$/);
    expect(titles).toContain("batchNorm, batch size 2: 10.0 ± 0.0 %, 3 of 3 diverged");
  });

  it("of losses have a facet per batch size", () => {
    const svg = renderPlot(lossCurves(result, { columns: 2 }));
    for (const size of result.batchSizes) expect(svg).toContain(`batch size ${size} · 60 steps`);
  });

  it("of activations have a row per norm, for the first and the last norm layer", () => {
    const svg = renderPlot(activationHistograms(result, { batchSize: 8 }));
    for (const norm of norms) expect(svg.split(`>${norm}</text>`)).toHaveLength(3);
    expect(svg).toContain("first norm layer");
    expect(svg).toContain("last norm layer");
  });

  it("can be drawn of nothing", () => {
    const empty = inventResult({ norms: [], batchSizes: [] });
    for (const plot of [accuracyByBatch, lossCurves, activationHistograms]) {
      expect(renderPlot(plot(empty))).toMatch(/^<svg.*<\/svg>$/s);
    }
  });
});

describe("writeReport", () => {
  it("makes the folder and returns the path of the page", () => {
    const folder = join(folderWith(), "new", "report");
    const path = writeReport(result, folder);
    expect(path).toBe(join(folder, "index.html"));
    expect(readFileSync(path, "utf8")).toMatch(/^<!doctype html>\n<html lang="en">/);
  });

  it("refuses a folder that is a file", () => {
    const folder = folderWith({ taken: "x" });
    expect(refusal(folder, () => writeReport(result, join(folder, "taken")))).toBe(
      "writeReport: expected a folder DIR/taken to write index.html to, got a file of that name. Pass a folder that you may write to.",
    );
    expect(refusal(folder, () => writeReport(result, join(folder, "taken", "below")))).toContain(
      "expected a folder DIR/taken/below to write index.html to, got a file on the way.",
    );
  });
});
