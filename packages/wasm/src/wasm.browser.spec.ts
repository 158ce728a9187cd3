import { add, cpu, mul, neg, random, slice, type Tensor, useBackend } from "@evenkeel/autodiff";
import { sameBits } from "@evenkeel/testkit";
import { afterEach, describe, expect, inject, test, vi } from "vitest";
import { wasm } from "./index.ts";

afterEach(() => {
  useBackend(cpu);
  vi.restoreAllMocks();
});

test("the page is cross-origin isolated where it should be", () => {
  expect(crossOriginIsolated).toBe(inject("isolated"));
});

describe("the WebAssembly backend in a browser", () => {
  test("loads at once, fetches nothing and compiles nothing in the background", () => {
    const asked = [
      vi.spyOn(globalThis, "fetch"),
      vi.spyOn(XMLHttpRequest.prototype, "open"),
      vi.spyOn(WebAssembly, "compile"),
      vi.spyOn(WebAssembly, "compileStreaming"),
      vi.spyOn(WebAssembly, "instantiate"),
      vi.spyOn(WebAssembly, "instantiateStreaming"),
    ];
    const backend = wasm();
    useBackend(backend);
    const x = random(1).normal([3, 5]);
    expect([...add(x, x).data]).toEqual([...x.data].map((v) => 2 * v));
    expect([...backend.fallbacks]).toEqual([]);
    for (const spy of asked) expect(spy).not.toHaveBeenCalled();
  });

  test("grows around live tensors, whose numbers stay", () => {
    const drawn = random(1).normal([100, 200]);
    const draw = (i: number): Tensor => mul(slice(drawn, [0, 0], [100, 100 + i]), i + 1);
    const expected = Array.from({ length: 100 }, (_, i) => draw(i));
    const backend = wasm();
    useBackend(backend);
    const held = expected.map((_, i) => draw(i));
    const bytes = held.reduce((total, t) => total + 4 * t.size, 0);
    expect(backend.heapBytes).toBeGreaterThanOrEqual(bytes);
    held.forEach((t, i) => {
      expect(t.storage?.backend).toBe(backend);
      // Read from here, and by a kernel from there.
      expect(sameBits(t, expected[i]!)).toBe(true);
      expect(sameBits(neg(neg(t)), expected[i]!)).toBe(true);
    });
    expect([...backend.fallbacks]).toEqual([]);
  });

  test("that is full goes on in ordinary arrays", () => {
    const draw = (i: number): Tensor => random(i).normal([64, 64]);
    const expected = Array.from({ length: 20 }, (_, i) => add(draw(i), draw(i)));
    const backend = wasm({ maxBytes: 4 * 65_536 });
    useBackend(backend);
    const held = expected.map((_, i) => draw(i));
    const homes = new Set(held.map((t) => t.storage?.backend));
    expect(homes).toEqual(new Set([backend, cpu]));
    held.forEach((t, i) => {
      expect(sameBits(add(t, t), expected[i]!)).toBe(true);
    });
  });
});
