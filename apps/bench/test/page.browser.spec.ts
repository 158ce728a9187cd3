/// <reference types="vite/client" />
import { cpu, currentBackend, useBackend } from "@evenkeel/autodiff";
import type { GpuBackend } from "@evenkeel/gpu";
import { cases as norms } from "@evenkeel/lab/norms";
import { backendTolerance } from "@evenkeel/testkit";
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import { pageEngines } from "../page/engines.ts";
import html from "../page/index.html?raw";
import { onWasm } from "../page/reference.ts";
import { type Row, runSession } from "../page/session.ts";
import type { BenchCase } from "../src/case.ts";
import { startEvenkeelGpu } from "../src/engines/evenkeel-gpu.ts";
import { tinyCase } from "../src/networks/networks.ts";
import type { Engine } from "../src/suite.ts";
import { convolutionCase } from "../src/suites/nn.ts";
import { normSuite } from "../src/suites/norm.ts";

const ours = ["evenkeel", "evenkeel-webgpu", "evenkeel-webgl2"];

const { batchNorm } = norms;
const [norm] = normSuite({ batchNorm: batchNorm! }, [[2, 8, 4, 4]]).races[0]!;
const cases: Readonly<Record<string, BenchCase>> = {
  "batch norm": norm!,
  convolution: convolutionCase([1, 64, 4, 4]),
  "step of training": { ...tinyCase(4, true), repeat: 2 },
};

/** An engine whose results are a percent too large. */
function slightlyWrong({ prepare }: Engine<BenchCase>): Engine<BenchCase> {
  return {
    name: "wrong",
    threads: 1,
    async prepare(benchCase) {
      const prepared = (await prepare(benchCase))!;
      const outputs = async () => {
        const right = Object.entries((await prepared.outputs())!);
        return Object.fromEntries(
          right.map(([name, y]) => [name, Float32Array.from(y, (v) => v * 1.01)]),
        );
      };
      return { ...prepared, outputs };
    },
  };
}

describe("the engines of the page", () => {
  const engines: Engine<BenchCase>[] = [];

  beforeAll(async () => {
    for (const { name, missing, start } of pageEngines) {
      expect(await missing(), name).toBeUndefined();
      const engine = await start(1);
      if (typeof engine === "string") throw new Error(`${name}: ${engine}`);
      engines.push(engine);
    }
    engines.push(slightlyWrong(engines[1]!));
  });
  afterAll(() => {
    for (const engine of engines) engine.stop?.();
    useBackend(cpu);
  });

  test.each(Object.entries(cases))(
    "agree on a %s, and a wrong one is refused",
    async (name, one) => {
      const rows: Row[] = [];
      await runSession({
        cases: [{ suite: "tiny", name, make: () => one }],
        engines,
        runs: 2,
        budgetMs: 100,
        reference: onWasm,
        tolerance: backendTolerance("gpu").gradient,
        signal: new AbortController().signal,
        onProgress: () => {},
        onRows: (more) => rows.push(...more),
      });
      const refused = rows.filter((row) => "reason" in row);
      expect(refused).toMatchObject([{ engine: "wrong", reason: /^wrong: 0\.0\d* off/ }]);
      const timed = rows.filter((row) => "medianMs" in row);
      expect(timed.map(({ engine }) => engine)).toEqual(expect.arrayContaining(ours));
      for (const { medianMs, runs } of timed) {
        expect(medianMs).toBeGreaterThan(0);
        expect(runs).toBe(2);
      }
    },
  );
});

test.each(["webgpu", "webgl2"] as const)("a timed step computes all of it on %s", async (mode) => {
  const engine = await startEvenkeelGpu(mode);
  if (typeof engine === "string") throw new Error(engine);
  const prepared = (await engine.prepare(norm!))!;
  const backend = currentBackend() as GpuBackend;
  const launchesOf = async (part: () => unknown): Promise<number> => {
    const before = backend.launches;
    await part();
    return backend.launches - before;
  };
  const needed = await launchesOf(prepared.outputs);
  expect(needed).toBeGreaterThan(0);
  expect(await launchesOf(prepared.run)).toBeGreaterThanOrEqual(needed);
  await prepared.release?.();
  engine.stop?.();
  useBackend(cpu);
});

describe("the page", () => {
  const root = document.documentElement;
  const isReady = (): Promise<void> =>
    vi.waitFor(() => expect(root.dataset["state"]).toBe("ready"), { timeout: 50_000 });
  const button = (id: string) => document.getElementById(id) as HTMLButtonElement;
  const boxes = (name: string) =>
    document.querySelectorAll<HTMLInputElement>(`input[name=${name}]`);

  beforeAll(async () => {
    document.body.innerHTML = new DOMParser().parseFromString(html, "text/html").body.innerHTML;
    await import("../page/main.ts");
    await isReady();
  });
  afterEach(() => vi.restoreAllMocks());

  test("offers engines and cases, and tells what machine it runs on", () => {
    expect(boxes("engine")).toHaveLength(pageEngines.length);
    expect(document.getElementById("machine")!.textContent).toContain(navigator.userAgent);
    expect(document.getElementById("software")!.hidden).toBe(false);
    expect([button("run").disabled, button("stop").disabled]).toEqual([false, true]);
  });

  test("runs what is chosen, shows it, and saves it in the form of the command", async () => {
    for (const box of boxes("engine")) box.checked = ours.includes(box.value);
    for (const box of boxes("case")) box.checked = box.value.includes("32 numbers");
    button("run").click();
    expect([button("run").disabled, button("stop").disabled]).toEqual([true, false]);
    await isReady();

    expect(document.getElementById("status")!.textContent).toBe("Done.");
    const rows = document.querySelectorAll("#results tbody tr");
    expect([...rows].map((row) => row.querySelector("th")!.textContent)).toEqual(
      ours.map((name) => expect.stringContaining(name)),
    );

    const blobs: Blob[] = [];
    vi.spyOn(URL, "createObjectURL").mockImplementation((blob) => {
      blobs.push(blob as Blob);
      return "#saved";
    });
    vi.spyOn(HTMLAnchorElement.prototype, "click").mockImplementation(() => {});
    button("save").click();
    const { machine, results, refused } = JSON.parse(await blobs[0]!.text());
    expect(machine.cores).toBe(navigator.hardwareConcurrency);
    expect(refused).toEqual([]);
    expect(results).toEqual(
      ours.map((engine) => ({
        suite: "overhead",
        case: "add and its gradients, 32 numbers",
        engine,
        threads: expect.any(Number),
        medianMs: expect.any(Number),
        runs: expect.any(Number),
      })),
    );
  });

  test("asks for an engine where none is chosen", () => {
    for (const box of boxes("engine")) box.checked = false;
    button("run").click();
    expect(document.getElementById("status")!.textContent).toBe("Choose an engine and a case.");
  });
});
