import { useBackend } from "@evenkeel/autodiff";
import { wasm } from "@evenkeel/wasm";
import { beforeAll, expect, test } from "vitest";
import { pilotData, side } from "../src/pilot/digits12.ts";
import { type Method, methods } from "../src/pilot/methods.ts";
import { accuraciesOf } from "../src/pilot/pilot.ts";

const data = pilotData();
const named = (name: string): Method => methods.find((method) => method.name === name)!;
const accuracy = (name: string, steps: number): number => {
  const options = { steps, batchSize: 2, lr: 0.01, seeds: 1 };
  return accuraciesOf(named(name), data, options).accuracies[0]!;
};

beforeAll(() => useBackend(wasm()));

// Chance is 0.1; with more steps the distance grows.
const steps = 800;

test("with two images at a time batch norm guesses", () => {
  expect(accuracy("batch norm", steps)).toBeLessThan(0.15);
});

for (const name of ["layer norm", "moving average, 16 batches"]) {
  test(`with two images at a time ${name} learns`, () => {
    expect(accuracy(name, steps)).toBeGreaterThan(0.2);
  });
}

test("every method trains", () => {
  for (const { name } of methods) expect(accuracy(name, 5), name).toBeGreaterThan(0);
});

test("its images are digits in equal odds, the same each time", () => {
  const { pixels, labels } = data.test;
  expect(pixels.length).toBe(labels.length * side * side);
  for (let digit = 0; digit < 10; digit++) {
    const share = labels.filter((label) => label === digit).length / labels.length;
    expect(share).toBeGreaterThan(0.07);
  }
  expect(pilotData().test.pixels).toEqual(pixels);
});
