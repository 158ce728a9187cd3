import { readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { describe, expect, inject, test } from "vitest";
import { fileOf } from "./serve.ts";
import { until, visit } from "./visit.ts";

describe.concurrent("pages", () => {
  test("the first view of a norm's page takes at most 150 kB of compressed script", async () => {
    const scripts = new Set<string>();
    await visit("/norms/batch-norm/", async (page) => {
      page.on("request", (request) => {
        if (request.resourceType() === "script") scripts.add(new URL(request.url()).pathname);
      });
      await page.reload({ waitUntil: "networkidle" });
    });
    const files = [...scripts].map((path) => readFileSync(fileOf(inject("dist"), path)!));
    const bytes = files.reduce((sum, file) => sum + gzipSync(file).length, 0);
    console.log(`first view of a norm's page: ${bytes} bytes of compressed script`);
    expect(bytes).toBeGreaterThan(0);
    expect(bytes).toBeLessThanOrEqual(150_000);
  });

  test("the search finds norms", () =>
    visit("/norms/batch-norm/", async (page) => {
      // The keys do nothing before the page's script has come.
      await until(
        async () => {
          const open = await page.getByRole("dialog").isVisible();
          if (!open) await page.keyboard.press("Control+k");
          return open;
        },
        (open) => open,
      );
      // Its field is made when the page has nothing else to do, which takes a while on a busy machine.
      const field = page.getByRole("dialog").locator("input").first();
      await field.fill("sandwich", { timeout: 90_000 });
      const results = page.getByRole("dialog").getByRole("link");
      await until(
        () => results.count(),
        (count) => count > 2,
      );
      expect(await results.first().innerText()).toMatch(/sandwich/i);
    }));

  test("the picture of the home page moves until it is paused", () =>
    visit("/", async (page) => {
      const picture = page.locator("ek-sharing");
      const lit = (): Promise<string> => picture.locator("[data-say=mean]").innerText();
      const before = await lit();
      await until(lit, (now) => now !== before);
      await picture.getByRole("button", { name: "Pause" }).click();
      await picture.getByRole("button", { name: "Play" }).waitFor();
      const paused = await lit();
      await page.waitForTimeout(2500);
      expect(await lit()).toBe(paused);
    }));

  test("it rests where motion is not wanted, and a norm can be chosen", () =>
    visit(
      "/",
      async (page) => {
        const picture = page.locator("ek-sharing");
        await picture.getByRole("button", { name: "Play" }).waitFor();
        await picture.getByRole("radio", { name: "Layer" }).check({ force: true });
        expect(await picture.locator("[data-say=sets]").innerText()).toBe("4 sets of 30");
      },
      { reducedMotion: "reduce" },
    ));

  for (const path of [
    "/",
    "/norms/batch-norm/",
    "/playground/",
    "/benchmarks/",
    "/api/autodiff/",
  ]) {
    test(`${path} is no wider than a phone`, () =>
      visit(
        path,
        async (page) => {
          const wide = await page.evaluate(() => document.documentElement.scrollWidth);
          expect(wide).toBeLessThanOrEqual(390);
        },
        { viewport: { width: 390, height: 844 } },
      ));
  }
});
