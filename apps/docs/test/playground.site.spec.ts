import type { Page } from "playwright";
import { describe, expect, test } from "vitest";
import { until, visit } from "./visit.ts";

const path = "/playground/#norms=batchNorm,groupNorm&steps=100";

/** The smoothed losses that the table shows, one for each norm. */
async function losses(page: Page): Promise<readonly number[]> {
  const table = page.locator(".ekp-table");
  const heads = await table.locator("thead th").allInnerTexts();
  const column = heads.findIndex((words) => /loss/i.test(words));
  const cells = table.locator(`tbody tr > :nth-child(${column + 1})`);
  return (await cells.allInnerTexts()).map((text) => Number.parseFloat(text));
}

/** As nobody knows yet which of ten digits it is. */
const guessing = Math.log(10);

async function train(page: Page): Promise<void> {
  await page.locator(".ekp-main").click();
  await until(
    () => page.locator(".ekp-status p").first().innerText(),
    (words) => words.includes("Done · step 100"),
    { seconds: 100 },
  );
  const last = await losses(page);
  expect(last).toHaveLength(2);
  for (const loss of last) expect(loss).toBeLessThan(0.7 * guessing);
  // The first curve of the picture ends below where it began: y grows downwards.
  const paths = page.locator(".ekp-canvas").first().locator("svg path");
  const curves = await paths.evaluateAll((all) => all.map((one) => one.getAttribute("d") ?? ""));
  const curve = curves.find((d) => d.length > 200) ?? "";
  const heights = [...curve.matchAll(/[ML][\d.]+,([\d.]+)/g)].map(([, y]) => Number(y));
  expect(heights.length).toBeGreaterThan(10);
  expect(heights.at(-1)).toBeGreaterThan(heights[0]!);
}

describe.concurrent("playground", () => {
  test("trains 100 steps, and the curve falls", () => visit(path, train));

  test("the same without cross-origin isolation", () => visit(path, train, { isolated: false }));
});
