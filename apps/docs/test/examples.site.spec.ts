import type { Page } from "playwright";
import { describe, expect, test } from "vitest";
import { htmlFiles } from "./files.ts";
import { until, visit } from "./visit.ts";

const pages = htmlFiles().filter(({ html }) => html.includes("<ek-example"));

/** Runs every example of the page, one after the other. */
async function runAll(page: Page): Promise<void> {
  const examples = page.locator("ek-example");
  for (const example of await examples.all()) {
    const name = await example.getAttribute("src");
    await example.getByRole("button", { name: "Run", exact: true }).click();
    const state = await until(
      () => example.getAttribute("data-state"),
      (now) => /^(done|failed|stopped|late)$/.test(now ?? ""),
    );
    const output = await example.locator(".output").innerText();
    expect(state, `${name}: ${output}`).toBe("done");
    expect(output.trim(), `${name} prints something`).not.toBe("");
  }
}

describe.concurrent("examples", () => {
  test("there are some on the home page and on every page of a norm", () => {
    const paths = pages.map(({ path }) => path);
    const norms = htmlFiles().filter(({ path }) => /^\/norms\/.+/.test(path));
    expect(paths).toContain("/");
    expect(paths).toEqual(expect.arrayContaining(norms.map(({ path }) => path)));
  });

  for (const { path } of pages) {
    test(`every example on ${path} runs`, () => visit(path, runAll));
  }

  test("they run without cross-origin isolation", async () => {
    const path = "/norms/batch-norm/";
    const isolated = await visit(
      path,
      async (page) => {
        await runAll(page);
        return page.evaluate(() => crossOriginIsolated);
      },
      { isolated: false },
    );
    expect(isolated).toBe(false);
  });
});
