import { cpu, useBackend } from "@evenkeel/autodiff";
import { AdamW } from "@evenkeel/nn";
import { opCases as opCasesOfNn } from "@evenkeel/nn/op-cases";
import {
  backendSuite,
  backendTolerance,
  expectClose,
  normBackendSuite,
  remoteBackend,
} from "@evenkeel/testkit";
import { opCases } from "@evenkeel/testkit/op-cases";
import { afterEach, describe, expect, test } from "vitest";
import { cases } from "../src/norms.ts";
import { shape, trainConditioned } from "./conditioned-training.ts";
import { labLosses } from "./lab-training.ts";

const { output: tolerance } = backendTolerance("remote");

afterEach(() => useBackend(cpu));

describe("where memory is out of the process", () => {
  for (const op of [...opCases, ...opCasesOfNn]) {
    for (const { name, run } of backendSuite(op, remoteBackend())) test(name, run);
  }

  for (const [id, norm] of Object.entries(cases)) {
    for (const { name, run } of normBackendSuite(norm, remoteBackend())) {
      test(`${id}: ${name}`, run);
    }

    for (const options of norm.options(shape[1], shape)) {
      test(`a network with ${id} ${JSON.stringify(options)} trains as it does in it`, async () => {
        const expected = trainConditioned(norm, options);
        useBackend(remoteBackend());
        for (const [i, t] of trainConditioned(norm, options).entries()) {
          const got = { shape: t.shape, data: await t.read() };
          expectClose(i < 2 ? "loss" : "logits", got, expected[i]!, tolerance);
        }
      });
    }
  }

  test("a training holds what it held before, step after step", async () => {
    const backend = remoteBackend();
    const held: { buffers: number; bytes: number }[] = [];
    await labLosses(backend, {
      norm: "batchNorm",
      steps: 4,
      optimizer: (model) => new AdamW(model, { lr: 1e-3 }),
      after: () => held.push(backend.memory),
    });
    expect(held[0]!.buffers).toBeGreaterThan(0);
    expect(held.slice(1)).toEqual(held.slice(1).map(() => held[0]));
  });
});
