import { type GpuBackend, gpu } from "@evenkeel/gpu";
import { AdamW, type Module, SGD } from "@evenkeel/nn";
import { backendTolerance, expectClose } from "@evenkeel/testkit";
import { wasm } from "@evenkeel/wasm";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { labLosses } from "./lab-training.ts";

/** Small steps: with large ones a rounding that tips a maximum of a window is another training soon. */
const training = {
  norm: "batchNorm",
  batchSize: 4,
  optimizer: (model: Module) => new SGD(model, { lr: 0.003 }),
};

// Hundreds of steps, of dozens of kernels each, on a GPU that is a program.
const timeout = 600_000;

/** Once the first steps have made what lasts, no step holds more; less where garbage was collected. */
function doesNotGrow(held: readonly GpuBackend["memory"][]): void {
  const [, , third, ...rest] = held;
  expect(third!.buffers).toBeGreaterThan(0);
  expect(Math.max(...rest.map(({ buffers }) => buffers))).toBeLessThanOrEqual(third!.buffers);
  expect(Math.max(...rest.map(({ bytes }) => bytes))).toBeLessThanOrEqual(third!.bytes);
}

// A backend for each: what an earlier training left is given back when garbage is collected.
describe.each([
  ["webgpu", 500],
  ["webgl2", 200],
] as const)("training the lab's network on %s", (mode, steps) => {
  let backend: GpuBackend;
  let held: GpuBackend["memory"][];
  const after = (): void => void held.push(backend.memory);
  beforeEach(async () => {
    backend = await gpu({ mode });
    held = [];
  });
  afterEach(() => backend.destroy());

  test("has the losses that it has on WebAssembly, in steady memory", { timeout }, async () => {
    const expected = await labLosses(wasm(), { ...training, steps: 200 });
    const losses = await labLosses(backend, { ...training, steps, after });
    const shape = [expected.length];
    const { output } = backendTolerance(backend.name);
    const got = { shape, data: losses.slice(0, expected.length) };
    expectClose("losses", got, { shape, data: expected }, output);
    expect(losses.at(-1)).toBeLessThan(losses[0]! / 2);
    expect(held).toHaveLength(steps);
    doesNotGrow(held);
  });

  test("holds what it held before with moments of every parameter, too", { timeout }, async () => {
    const optimizer = (model: Module): AdamW => new AdamW(model, { lr: 1e-3 });
    await labLosses(backend, { ...training, optimizer, steps: 20, after });
    doesNotGrow(held);
    expect([...backend.fallbacks]).toEqual([]);
  });
});
