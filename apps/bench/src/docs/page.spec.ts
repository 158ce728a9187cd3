import { expect, test } from "vitest";
import type { Machine } from "../machine.ts";
import type { Result } from "../result.ts";
import { type Benchmarks, resultsToKeep } from "./benchmarks.ts";
import { benchmarksText } from "./page.ts";
import { speedTable } from "./speed.ts";

const machine: Machine = {
  processor: "Some processor",
  cores: 2,
  platform: "linux x64",
  node: "v24.0.0",
  versions: { torch: "1.13.0" },
};

function row(suite: string, name: string, engine: string, medianMs: number, threads = 1): Result {
  return { suite, case: name, engine, threads, medianMs, runs: 30 };
}

const benchmarks: Benchmarks = {
  machine,
  results: [
    row("norm", "batchNorm 2x3x4x4", "evenkeel", 2),
    row("norm", "batchNorm 2x3x4x4", "copy", 0.5),
    row("norm", "groupNorm 2x3x4x4", "evenkeel", 3),
    row("norm", "groupNorm 2x3x4x4", "torch", 6),
    row("nn", "matmul 512x512x512", "evenkeel", 20),
    row("nn", "matmul 512x512x512", "evenkeel", 16, 2),
    row("nn", "matmul 512x512x512", "torch", 8, 2),
    row("overhead", "add", "evenkeel", 0.004),
    {
      ...row("memory", "a network", "evenkeel", 1),
      heap: { after200: 20e6, after2000: 21e6 },
    },
  ],
};

const lines = benchmarksText(benchmarks).split("\n");

test("the page has a section for each suite that was measured, and the machine", () => {
  const titles = lines.filter((line) => line.startsWith("## ")).map((line) => line.slice(3));
  expect(titles).toEqual(["Machine", "Engines", "Norms", "Layers", "Overhead", "Memory"]);
  expect(lines).toContain("| processor | Some processor |");
  expect(lines).toContain("| torch | 1.13.0 |");
});

test("engines are compared with ours on as many threads", () => {
  // 6 · 512³ operations in 16 and in 8 ms.
  expect(lines).toContain("| `evenkeel` | 2 | 16 | 50.3 | 1 | 30 |");
  expect(lines).toContain("| `torch` | 2 | 8 | 101 | 0.5 | 30 |");
  expect(lines).toContain("| `copy` | 1 | 0.5 | 0.25 | 30 |");
});

test("every norm is compared with batch norm, and PyTorch's with ours", () => {
  expect(lines).toContain("| `batchNorm` | 2 (1) |");
  expect(lines).toContain("| `groupNorm` | 3 (1.5) |");
  expect(lines).toContain("| `groupNorm` | 6 (2) |");
});

test("overhead is in microseconds, memory in megabytes", () => {
  expect(lines).toContain("| `evenkeel` | 1 | 4 | 250000 | 1 | 30 |");
  expect(lines).toContain("| `evenkeel` | 20.0 | 21.0 | 1.050 | 1 |");
});

test("the short table has each engine's fastest form on one thread, and cases that were measured", () => {
  const results = [
    row("norm", "batchNorm 16x64x32x32", "evenkeel", 2),
    row("norm", "batchNorm 16x64x32x32", "evenkeel", 1, 2),
    row("norm", "batchNorm 16x64x32x32", "tfjs-cpu", 900),
    row("norm", "batchNorm 16x64x32x32", "tfjs-wasm-custom", 14),
    row("norm", "batchNorm 16x64x32x32", "torch", 3),
  ];
  expect(speedTable({ machine, results }).split("\n")).toEqual([
    "| one thread, ms | Evenkeel | PyTorch | jax-js | tfjs |",
    "| --- | --: | --: | --: | --: |",
    "| batch norm and its gradients, [16, 64, 32, 32] | 2 | 3 |  | 14 |",
    "",
    "Some processor, 2 cores, linux x64, Node v24.0.0.",
    "",
  ]);
});

test("suites that are not measured anew keep their figures, if they are of the same machine", () => {
  const kept = resultsToKeep(benchmarks, { ...machine }, ["norm", "nn", "overhead"]);
  expect(kept.map(({ suite }) => suite)).toEqual(["memory"]);
  const other = { ...machine, cores: 8 };
  expect(() => resultsToKeep(benchmarks, other, ["norm"])).toThrow(
    "--docs: expected the machine of the other suites, Some processor, 2 cores",
  );
  const all = ["norm", "nn", "overhead", "memory"];
  expect(resultsToKeep(benchmarks, other, all)).toEqual([]);
  expect(resultsToKeep(undefined, other, ["norm"])).toEqual([]);
});
