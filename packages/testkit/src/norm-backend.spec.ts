import { add, cpu, mean, mul, ones, sub, type Tensor, useBackend, zeros } from "@evenkeel/autodiff";
import { type Applied, count, defineNorm, type Tensors } from "@evenkeel/norm-core";
import { afterEach, describe, expect, test } from "vitest";
import type { Check } from "./check.ts";
import { MismatchError } from "./compare.ts";
import { normBackendSuite } from "./norm-backend.ts";
import type { NormCase } from "./norm-case.ts";
import { normSuite } from "./norm-suite.ts";
import { remoteBackend } from "./remote.ts";
import { stepLaunches } from "./step-launches.ts";

interface Options {
  readonly numFeatures: number;
}
type Apply = (x: Tensor, params: Tensors, state: Tensors, shift: Tensor | undefined) => Applied;

/** weight · (x − mean(x)) + shift, and the mean in the state. */
const center: Apply = (x, { weight }, _, shift) => {
  const middle = mean(x);
  const output = mul(sub(x, middle), weight!);
  return { output: shift ? add(output, shift) : output, state: { running: middle } };
};

function caseOf(
  apply: Apply,
  more: Partial<NormCase<Options, Tensor>> = {},
): NormCase<Options, Tensor> {
  const norm = defineNorm<Options, Tensor>({
    card: { id: "center" } as never,
    options: { numFeatures: count() },
    init: (_, dtype) => ({
      params: { weight: ones([], { dtype }) },
      state: { running: zeros([], { dtype }) },
    }),
    apply: (x, params, state, _, { condition }) => apply(x, params, state, condition),
  });
  return {
    norm,
    options: (numFeatures) => [{ numFeatures }],
    reference: () => {
      throw new Error("the suite of a backend compares with float64");
    },
    ...more,
  };
}

/** The messages of the checks that fail. */
async function complaints(checks: readonly Check[]): Promise<string[]> {
  const found: string[] = [];
  for (const { run } of checks) {
    try {
      await run();
    } catch (error) {
      if (!((error as Error).cause instanceof MismatchError)) throw error;
      found.push((error as Error).message);
    }
  }
  return found;
}

const told: Partial<NormCase<Options, Tensor>> = {
  condition: (stream, [, ...rest]) => stream.normal([1, ...rest], { dtype: "float64" }),
  conditionGradients: true,
};
/** x in float32 a little off, float64 as it is. */
const coarse = (x: Tensor): Tensor => (x.dtype === "float32" ? mul(x, 1.01) : x);

afterEach(() => useBackend(cpu));

describe("normBackendSuite", () => {
  const [here, elsewhere] = [cpu, remoteBackend()];

  test("passes a norm that agrees, told or not, at once or once read", async () => {
    for (const backend of [here, elsewhere]) {
      expect(await complaints(normBackendSuite(caseOf(center), backend))).toEqual([]);
      expect(await complaints(normBackendSuite(caseOf(center, told), backend))).toEqual([]);
    }
    expect(elsewhere.memory).toEqual({ buffers: 0, bytes: 0 });
  });
  test("returns Promises only where memory is out of the process", () => {
    const promised = (backend: typeof cpu): boolean[] =>
      normBackendSuite(caseOf(center), backend).map(({ run }) => run() instanceof Promise);
    expect(new Set(promised(here))).toEqual(new Set([false]));
    expect(new Set(promised(elsewhere))).toEqual(new Set([true]));
  });
  test("names the mode, the shape and the options of every check", () => {
    const two = caseOf(center, { options: (n) => [{ numFeatures: n }, { numFeatures: n + 1 }] });
    expect(
      normBackendSuite(two, elsewhere, { share: 0.5 }).map(({ name }) => name),
    ).toMatchInlineSnapshot(`
      [
        "float32 on remote agrees with float64 in training on [4, 4, 16, 16] with {"numFeatures":4}",
        "float32 on remote agrees with float64 in training on [4, 4, 3, 3] with {"numFeatures":4}",
        "float32 on remote agrees with float64 in training on [4, 4] with {"numFeatures":4}",
        "float32 on remote agrees with float64 in evaluation on [4, 4, 16, 16] with {"numFeatures":4}",
        "float32 on remote agrees with float64 in evaluation on [4, 4, 3, 3] with {"numFeatures":4}",
        "float32 on remote agrees with float64 in evaluation on [4, 4] with {"numFeatures":4}",
      ]
    `);
  });
  test("takes the case's own shapes, options and modes", () => {
    const narrow = caseOf(center, {
      shapes: { ranks: [3], channels: [2], batch: [2], side: [5] },
      options: () => [{ numFeatures: 1 }, { numFeatures: 2 }],
      accepts: (_shape, { numFeatures }) => numFeatures > 1,
      modes: [{ statistics: "batch", update: true }],
    });
    expect(normBackendSuite(narrow, here).map(({ name }) => name)).toMatchInlineSnapshot(`
      [
        "float32 on cpu agrees with float64 in training on [2, 2, 16] with {"numFeatures":2}",
        "float32 on cpu agrees with float64 in training on [2, 2, 5] with {"numFeatures":2}",
      ]
    `);
  });
  test("finds a wrong output, state, gradient and gradient of the condition", async () => {
    const broken: Readonly<Record<string, Apply>> = {
      output: (x, params, state, c) => {
        const { output, ...applied } = center(x, params, state, c);
        return { ...applied, output: coarse(output) };
      },
      "state.running": (x, params, state, c) => {
        const applied = center(x, params, state, c);
        return { ...applied, state: { running: coarse(applied.state["running"]!) } };
      },
      "gradient.condition": (x, params, state, c) => center(x, params, state, coarse(c!)),
    };
    for (const [path, apply] of Object.entries(broken)) {
      for (const backend of [here, elsewhere]) {
        const found = await complaints(normBackendSuite(caseOf(apply, told), backend));
        expect(found.length).toBeGreaterThan(0);
        const first = path === "gradient.condition" ? "output" : path;
        for (const text of found) {
          expect(text).toMatch(new RegExp(`^${first}, float32 on ${backend.name}: expected`));
          expect(text).toMatch(/\n {2}for x \[.*FC_SEED=\d+/s);
        }
      }
    }
    expect(elsewhere.memory).toEqual({ buffers: 0, bytes: 0 });
  });
  test("finds what is read at once, of tensors that came and of tensors made", async () => {
    const hasty: readonly Apply[] = [
      (x, ...rest) => center(add(x, x.data[0]! * 0), ...rest),
      (x, ...rest) => center(sub(x, mean(x).item()), ...rest),
    ];
    for (const apply of hasty) {
      expect(await complaints(normBackendSuite(caseOf(apply), here))).toEqual([]);
      for (const { run } of normBackendSuite(caseOf(apply), elsewhere)) {
        await expect(run()).rejects.toThrow("data: expected memory in the process");
      }
    }
  });
  test("compares nothing where the case excepts float32", () => {
    const excepted = caseOf(center, { exceptions: { float32: "its sums cancel" } });
    expect(normBackendSuite(excepted, elsewhere)).toEqual([]);
  });
});

describe("normSuite", () => {
  test("takes a backend whose memory is out of the process besides the current one", async () => {
    const backend = remoteBackend();
    const agreement = (norm: NormCase<Options, Tensor>): Check =>
      normSuite(norm, { backends: [backend] }).find(
        ({ name }) => name === "float32 on remote agrees with float64",
      )!;
    await agreement(caseOf(center)).run();
    expect(backend.launches).toBeGreaterThan(0);
    const off = caseOf((x, ...rest) => center(coarse(x), ...rest));
    await expect(agreement(off).run()).rejects.toThrow(/^output, float32 on remote: expected/);
  });
});

describe("stepLaunches", () => {
  test("counts the kernels of a forward pass, and of a step that runs it once", async () => {
    const { forward, step } = await stepLaunches(caseOf(center, told), remoteBackend());
    // The mean is two of them.
    expect(forward).toBe(5);
    expect(step).toBeGreaterThan(2 * forward);
    expect(step).toBeLessThan(4 * forward);
  });
});
