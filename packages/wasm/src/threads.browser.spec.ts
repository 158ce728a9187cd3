import {
  add,
  cpu,
  matmul,
  mul,
  random,
  relu,
  sum,
  type Tensor,
  useBackend,
  valueAndGrad,
} from "@evenkeel/autodiff";
import { conv2d } from "@evenkeel/nn";
import { batchPlanes, normalizePlanes, standardMap, variance } from "@evenkeel/norm-core";
import { sameBits } from "@evenkeel/testkit";
import { afterEach, describe, expect, inject, test, vi } from "vitest";
import { type WasmBackend, wasm } from "./index.ts";

const threads = 3;
const isolated = inject("isolated");

afterEach(() => {
  useBackend(cpu);
  vi.restoreAllMocks();
});

/** Loss and gradients of a convolution, a norm and a product, each large enough to be shared out. */
function work(backend: WasmBackend): readonly Tensor[] {
  useBackend(backend);
  const x = random(1).normal([8, 8, 48, 48], { mean: 3 });
  const filter = random(2).normal([16, 8, 3, 3]);
  const matrix = random(3).normal([48, 300]);
  const loss = (x: Tensor, filter: Tensor, matrix: Tensor): Tensor => {
    const maps = conv2d(x, filter, { padding: 1 });
    const rule = (m: Parameters<typeof variance>[0]) => standardMap(m.mean, variance(m), 1e-5, {});
    const { output } = normalizePlanes(maps, {}, rule, { layout: batchPlanes(maps.shape, 1) });
    return sum(relu(add(matmul(mul(output, maps), matrix), 1)));
  };
  const { value, grads } = valueAndGrad(loss, { argnums: [0, 1, 2] })(x, filter, matrix);
  return [value, ...grads];
}

/** Gives the page time until all threads are at work, and calls `meanwhile` in between. */
async function started(backend: WasmBackend, meanwhile = (): void => {}): Promise<void> {
  while (isolated && backend.threads < threads) {
    meanwhile();
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

describe(`with ${threads} threads`, () => {
  if (isolated) {
    test("workers start with the first large op, not before", async () => {
      const Worker = vi.spyOn(globalThis, "Worker");
      const backend = wasm({ threads });
      useBackend(backend);
      const small = random(1).normal([8, 8]);
      add(small, small);
      expect(Worker).not.toHaveBeenCalled();
      expect(backend.threads).toBe(1);
      work(backend);
      expect(Worker).toHaveBeenCalledTimes(threads - 1);
      await started(backend);
      work(backend);
      expect(backend.threads).toBe(threads);
      expect(Worker).toHaveBeenCalledTimes(threads - 1);
      expect(small.data.buffer).toBeInstanceOf(SharedArrayBuffer);
    });
  } else {
    test("one thread does all where memory cannot be shared", () => {
      const Worker = vi.spyOn(globalThis, "Worker");
      const backend = wasm({ threads });
      work(backend);
      expect(backend.threads).toBe(1);
      expect(Worker).not.toHaveBeenCalled();
      expect(random(1).normal([3]).data.buffer).toBeInstanceOf(ArrayBuffer);
    });
  }

  test("results have the bits of one thread, while workers start and after", async () => {
    const expected = work(wasm());
    const backend = wasm({ threads });
    const round = (): void =>
      work(backend).forEach((t, i) => {
        expect(sameBits(t, expected[i]!)).toBe(true);
      });
    round();
    await started(backend, round);
    for (let i = 0; i < 3; i++) round();
  });

  test("memory grows around live tensors that workers read", async () => {
    const backend = wasm({ threads });
    work(backend);
    await started(backend);
    const before = backend.heapBytes;
    const drawn = random(1).normal([300, 300]);
    const held = Array.from({ length: 100 }, (_, i) => mul(drawn, i + 1));
    expect(backend.heapBytes).toBeGreaterThan(before);
    for (const [i, t] of held.entries()) {
      useBackend(backend);
      const doubled = add(t, t);
      expect(t.storage?.backend).toBe(backend);
      useBackend(cpu);
      expect(sameBits(doubled, mul(drawn, 2 * (i + 1)))).toBe(true);
    }
  });

  test("what they compute can be read, awaited or at once", async () => {
    useBackend(wasm({ threads }));
    const x = random(1).normal([300, 300]);
    const doubled = add(x, x);
    const copy = await doubled.read();
    expect(copy.buffer).toBeInstanceOf(ArrayBuffer);
    expect([...copy]).toEqual([...doubled.data]);
  });
});

test('"auto" starts a worker for each further core, and none without isolation', () => {
  const Worker = vi.spyOn(globalThis, "Worker");
  work(wasm({ threads: "auto" }));
  const most = isolated ? Math.min(navigator.hardwareConcurrency, 8) : 1;
  expect(Worker).toHaveBeenCalledTimes(most - 1);
});
