import type { Locator, Page } from "playwright";
import { describe, expect, test } from "vitest";
import { until, visit } from "./visit.ts";

const path = "/norms/batch-norm/";

async function edit(page: Page, code: string): Promise<Locator> {
  const example = page.locator("ek-example");
  const button = example.getByRole("button", { name: "Edit", exact: true });
  if (await button.isVisible()) await button.click();
  await example.locator(".cm-content").fill(code);
  await example.getByRole("button", { name: "Run", exact: true }).click();
  return example;
}

async function reaches(example: Locator, state: string): Promise<void> {
  await until(
    () => example.getAttribute("data-state"),
    (now) => now === state,
  );
}

describe.concurrent("editing an example", () => {
  test("runs what was written, types and all", () =>
    visit(path, async (page) => {
      const example = await edit(
        page,
        'import { tensor } from "@evenkeel/autodiff";\nconst six: number = tensor([6]).data[0]!;\nconsole.log("answer", six * 7);',
      );
      await reaches(example, "done");
      expect(await example.locator(".output").innerText()).toContain("42");
    }));

  test("an endless loop can be stopped, and the next run works", () =>
    visit(path, async (page) => {
      const example = await edit(page, "for (;;) {}");
      await reaches(example, "running");
      await example.getByRole("button", { name: "Stop", exact: true }).click();
      await reaches(example, "stopped");
      await edit(page, 'console.log("alive");');
      await reaches(example, "done");
    }));

  test("an exception is shown as a message, and does no harm", () =>
    visit(path, async (page) => {
      const example = await edit(page, 'throw new Error("on purpose");');
      await reaches(example, "failed");
      expect(await example.getByText("on purpose").count()).toBeGreaterThan(0);
    }));
});
