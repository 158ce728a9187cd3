import { gpu } from "@evenkeel/gpu";
import { normBackendSuite, type StepLaunches, stepLaunches } from "@evenkeel/testkit";
import { afterAll, describe, expect, test } from "vitest";
import { cases } from "../src/norms.ts";

/** How many kernels a norm launches for its output and next state, and for all gradients behind them. */
interface Launches {
  readonly forward: number;
  readonly backward: number;
}

const usual: Launches = { forward: 6, backward: 8 };

/** Norms that need more, with the reason. */
const needMore: Readonly<Record<string, Launches & { readonly because: string }>> = {
  continualNorm: {
    forward: 6,
    backward: 10,
    because: "it is two norms, one of groups and one of the batch behind it",
  },
  crossIterationBatchNorm: {
    forward: 7,
    backward: 5,
    because: "statistics of earlier batches are moved along with the weight, and kept",
  },
  movingAverageBatchNorm: {
    forward: 7,
    backward: 5,
    because: "the statistics of the last batches are averaged, forward and backward, and kept",
  },
  patchAwareBatchNorm: {
    forward: 9,
    backward: 9,
    because: "rectangles of the images have statistics of their own and are put together again",
  },
  representativeBatchNorm: {
    forward: 5,
    backward: 9,
    because: "the shift before and the gate behind each have sums of their own backward",
  },
  taskBalancedBatchNorm: {
    forward: 9,
    backward: 5,
    because: "the samples of each task are laid out in parts, normalized and joined again",
  },
  unifiedBatchNorm: {
    forward: 14,
    backward: 7,
    because: "it leaves out batches by a threshold, centers, gates, and ends in a convolution",
  },
};

const within = ({ forward, step }: StepLaunches, most: Launches): boolean =>
  forward <= most.forward && step - forward <= most.backward;

// Option records that are tried, the usual one always: the plans and the texts of both modes are the same.
const shares = { webgpu: 0.15, webgl2: 0.01 };

for (const mode of ["webgpu", "webgl2"] as const) {
  const share = shares[mode];
  const backend = await gpu({ mode });

  describe(`on ${mode}`, () => {
    afterAll(() => backend.destroy());

    for (const [id, norm] of Object.entries(cases)) {
      const suite = normBackendSuite(norm, backend, { share });
      for (const { name, run } of suite) test(`${id}: ${name}`, run);
    }

    test("every norm is compared that does not except it", () => {
      for (const norm of Object.values(cases)) {
        if (norm.exceptions?.float32 !== undefined) continue;
        expect(normBackendSuite(norm, backend, { share })).not.toEqual([]);
      }
    });

    test("every op ran on kernels of its own", () => {
      expect(backend.ran).toBe(mode);
      expect(backend.launches).toBeGreaterThan(0);
      expect([...backend.fallbacks]).toEqual([]);
    });
  });
}

// Both modes launch the same plans.
describe("a training step in launches", async () => {
  const backend = await gpu({ mode: "webgpu" });
  afterAll(() => backend.destroy());

  for (const [id, norm] of Object.entries(cases)) {
    const most = needMore[id] ?? usual;
    test(`of ${id}: at most ${most.forward} forward and ${most.backward} backward`, async () => {
      const launches = await stepLaunches(norm, backend);
      expect(launches.forward).toBeGreaterThan(0);
      expect(launches, `at most ${JSON.stringify(most)}`).toSatisfy((l) => within(l, most));
      // Who needs no more is not to be listed.
      if (most !== usual) expect(launches).not.toSatisfy((l) => within(l, usual));
    });
  }
});
