import type { Page } from "playwright";
import { describe, expect, test } from "vitest";
import { until, visit } from "./visit.ts";

/** Kernels take their time to compile where the GPU is software: a small network, and few steps. */
const small = "data=moons&network=mlp&norms=batchNorm,groupNorm&batch=4&steps=3";

async function trainOn(page: Page, engine: string, words: string): Promise<void> {
  await page.getByLabel("Runs on").selectOption(engine);
  await page.locator(".ekp-main").click();
  await until(
    () => page.locator(".ekp-runs-on").textContent(),
    (now) => now === words,
  );
  await until(
    () => page.locator(".ekp-status p").first().textContent(),
    (now) => now?.includes("Done · step 3") === true,
    { seconds: 100 },
  );
  expect(page.url()).toContain(`&on=${engine}`);
  const losses = await page.locator(".ekp-table tbody tr > :nth-child(2)").allInnerTexts();
  expect(losses.map(Number)).toEqual([expect.any(Number), expect.any(Number)]);
  for (const loss of losses) expect(Number(loss)).toBeGreaterThan(0);
}

describe.concurrent("on a GPU", () => {
  test("the playground trains two norms by WebGPU, and then on WebAssembly", () =>
    visit(`/playground/#${small}`, async (page) => {
      await trainOn(page, "webgpu", "On WebGPU.");
      await trainOn(page, "wasm", "On WebAssembly, 1 thread.");
    }));

  test("a lost device stops the run, and the next one is on WebAssembly", () =>
    visit("/", async (page) => {
      await page.route(/\/worker-[^/]+\.js$/, async (route) => {
        const response = await route.fetch();
        await route.fulfill({ response, body: `${losable}${await response.text()}` });
      });
      await page.goto(`${new URL(page.url()).origin}/playground/#${small}00&on=webgpu`);
      const status = page.locator(".ekp-status p").first();
      await page.locator(".ekp-main").click();
      await until(
        () => status.textContent(),
        (words) => words?.includes("step ") === true,
        { seconds: 100 },
      );
      for (const worker of page.workers()) await worker.evaluate("globalThis.loseDevice?.()");
      await until(
        () => status.textContent(),
        (words) => words?.startsWith("Stopped") === true,
      );
      expect(await page.locator(".ekp-notes").textContent()).toMatch(
        /a lost one .*Start again: it will run on WebAssembly/,
      );
      await page.locator(".ekp-main").click();
      await until(
        () => page.locator(".ekp-runs-on").textContent(),
        (words) => words?.startsWith("On WebAssembly") === true,
      );
    }));

  test("an edited program opens one", () =>
    visit("/norms/batch-norm/", async (page) => {
      const example = page.locator("ek-example");
      await example.getByRole("button", { name: "Edit", exact: true }).click();
      await example.locator(".cm-content").fill(program);
      await example.getByRole("button", { name: "Run", exact: true }).click();
      const output = await until(
        () => example.locator(".output").innerText(),
        (text) => text.includes("webgpu"),
      );
      expect(output).toMatch(/webgpu 42/);
    }));
});

/** In front of a worker's own text: keeps the device where the test finds it. */
const losable = `{
  const { requestDevice } = GPUAdapter.prototype;
  GPUAdapter.prototype.requestDevice = async function (...all) {
    const device = await requestDevice.apply(this, all);
    globalThis.loseDevice = () => device.destroy();
    return device;
  };
}
`;

const program = `import { mul, tensor, useBackend } from "@evenkeel/autodiff";
import { gpu } from "@evenkeel/gpu";
const backend = await gpu({ mode: "webgpu" });
useBackend(backend);
const [product] = await mul(tensor([6]), 7).read();
console.log(backend.ran, product);`;
