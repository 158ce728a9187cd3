import { setTimeout as wait } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import {
  add,
  cpu,
  exp,
  matmul,
  mul,
  ones,
  ReleasedError,
  random,
  release,
  relu,
  reshape,
  scope,
  slice,
  square,
  sub,
  sum,
  type Tensor,
  tensor,
  useBackend,
  valueAndGrad,
  zeros,
} from "@evenkeel/autodiff";
import { afterEach, describe, expect, test } from "vitest";
import { type WasmBackend, wasm } from "./backend.ts";

afterEach(() => useBackend(cpu));

function start(options?: Parameters<typeof wasm>[0]): WasmBackend {
  const backend = wasm(options);
  useBackend(backend);
  return backend;
}

describe("the WebAssembly backend", () => {
  test("moves a tensor in when it is used, and its numbers stay", () => {
    const x = tensor([1, 2, 3]);
    const backend = start();
    expect(add(x, 1).toArray()).toEqual([2, 3, 4]);
    expect(x.storage?.backend).toBe(backend);
    expect(x.toArray()).toEqual([1, 2, 3]);
  });

  test("takes a tensor of another instance, and that one keeps working", () => {
    const first = start();
    const x = tensor([1, 2]);
    start();
    expect(add(x, x).toArray()).toEqual([2, 4]);
    useBackend(first);
    expect(add(x, x).toArray()).toEqual([2, 4]);
  });

  test("leaves its tensors to the CPU where they lie", () => {
    const backend = start();
    const x = tensor([1, 2]);
    useBackend(cpu);
    expect(add(x, 1).toArray()).toEqual([2, 3]);
    expect(x.storage?.backend).toBe(backend);
  });

  test("reads a copy, at once or awaited", async () => {
    start();
    const x = tensor([1, 2]);
    const copy = await x.read();
    copy[0] = 9;
    expect(x.toArray()).toEqual([1, 2]);
    expect([...copy]).toEqual([9, 2]);
  });

  test("refuses a released tensor by name", () => {
    start();
    const x = tensor([1, 2]);
    release(x);
    expect(() => x.data).toThrow(ReleasedError);
    expect(() => add(x, 1)).toThrow(ReleasedError);
  });

  test("keeps a block until the last view of it is released", () => {
    start();
    const x = ones([4]);
    const view = reshape(x, [2, 2]);
    release(x);
    const other = tensor([5, 6, 7, 8]);
    expect(view.toArray()).toEqual([
      [1, 1],
      [1, 1],
    ]);
    release(view, other);
  });

  test("reuses a block under another dtype and size", () => {
    const backend = start();
    release(ones([32], { dtype: "float32" }));
    const before = backend.heapBytes;
    const next = tensor(Float64Array.of(1, 2, 3));
    expect(next.data).toEqual(Float64Array.of(1, 2, 3));
    expect(backend.heapBytes).toBe(before + 64);
    release(next);
    expect(ones([16]).data).toEqual(new Float32Array(16).fill(1));
    expect(backend.heapBytes).toBe(before + 64);
  });

  test("counts what the plain kernels do, by the op's name", () => {
    const backend = start();
    const x = tensor([1, 2]);
    add(x, x);
    expect([...backend.fallbacks]).toEqual([]);
    const wide = tensor([1, 2], { dtype: "float64" });
    exp(exp(wide));
    expect([...backend.fallbacks]).toEqual([["exp", 2]]);
  });

  test("computes empty tensors", () => {
    start();
    const x = ones([0, 3]);
    expect(add(x, 1).size).toBe(0);
    expect(sum(x).item()).toBe(0);
    expect(sum(x, { axes: 0 }).toArray()).toEqual([0, 0, 0]);
  });

  test("that is full falls back to ordinary arrays and computes the same", () => {
    const work = (): Tensor => {
      const x = random(1).normal([64, 64]);
      const y = random(2).normal([64, 64]);
      return sum(relu(add(matmul(x, y), mul(x, y))), { axes: 0 });
    };
    const expected = work().data.slice();
    const backend = start({ maxBytes: 3 * 65_536 });
    const held = Array.from({ length: 20 }, (_, i) => random(i).normal([64, 64]));
    expect(held.some((t) => t.storage?.backend === cpu)).toBe(true);
    expect(work().data).toEqual(expected);
    expect(backend.fallbacks.get("add")).toBeGreaterThan(0);
    expect(backend.heapBytes).toBeLessThan(3 * 65_536);
  });
});

/** A step of gradient descent on a small network. */
function steps(count: number): void {
  let w = random(1).normal([6, 5]);
  const x = random(2).normal([7, 6]);
  for (let i = 0; i < count; i++) {
    const next = scope(() => {
      const loss = (at: Tensor): Tensor => sum(square(relu(matmul(slice(x, [i % 3]), at))));
      const { grads } = valueAndGrad(loss)(w);
      return sub(w, mul(1e-4, grads));
    });
    release(w);
    w = next;
  }
  release(w, x);
}

describe("memory", () => {
  test("is as large after 2,000 steps as after 200", () => {
    const backend = start();
    steps(200);
    const { heapBytes } = backend;
    steps(1800);
    expect(backend.heapBytes).toBe(heapBytes);
  });

  test("of tensors outside all scopes comes back with the garbage collector", async () => {
    setFlagsFromString("--expose_gc");
    const collect = runInNewContext("gc") as () => void;
    const backend = start();
    const one = 4 * 100_000;
    for (let round = 0; round < 20; round++) {
      for (let i = 0; i < 5; i++) ones([100_000]);
      collect();
      await wait(0);
    }
    // A hundred were made; without the collector all of them would still have their memory.
    expect(backend.heapBytes).toBeLessThan(50 * one);
  });

  test("is not given away while somebody holds the elements of a tensor that is gone", async () => {
    setFlagsFromString("--expose_gc");
    const collect = runInNewContext("gc") as () => void;
    const backend = start();
    const read = (): unknown => ones([100_000]).data;
    const data = read();
    for (let round = 0; round < 5; round++) {
      collect();
      await wait(0);
    }
    const before = backend.heapBytes;
    const next = zeros([100_000]);
    // Another block, and not the one that `data` shows.
    expect(backend.heapBytes).toBe(2 * before);
    expect([data, next]).toHaveLength(2);
  });
});
