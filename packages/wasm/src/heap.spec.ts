import { cpu, random, useBackend } from "@evenkeel/autodiff";
import { forAll } from "@evenkeel/testkit";
import fc from "fast-check";
import { afterEach, describe, expect, test } from "vitest";
import { wasm } from "./backend.ts";
import { blockSize, Heap } from "./heap.ts";

const bytes = fc.oneof(fc.nat({ max: 5000 }), fc.nat({ max: 2 ** 31 }));

describe("blockSize", () => {
  test("holds what was asked for, with a fifth to spare at most and 16-byte steps", () => {
    forAll(bytes, (n) => {
      const size = blockSize(n);
      expect(size).toBeGreaterThanOrEqual(n);
      expect(size % 16).toBe(0);
      if (n >= 64) expect(size - n).toBeLessThan(size / 5 + 1);
    });
  });
  test("of a block's size is that size, so that a block goes back to its own list", () => {
    forAll(bytes, (n) => {
      expect(blockSize(blockSize(n))).toBe(blockSize(n));
    });
  });
  test("takes four steps per doubling", () => {
    const sizes = new Set(Array.from({ length: 193 }, (_, i) => blockSize(64 + i)));
    expect([...sizes]).toEqual([64, 80, 96, 112, 128, 160, 192, 224, 256]);
  });
});

describe("a heap", () => {
  test("hands out blocks that do not overlap, 16-byte aligned", () => {
    forAll(fc.array(fc.nat({ max: 3000 }), { minLength: 2, maxLength: 40 }), (sizes) => {
      const heap = new Heap();
      const blocks = sizes.map((n) => ({ at: heap.take(n)!, n }));
      blocks.sort((a, b) => a.at - b.at);
      for (const [i, { at, n }] of blocks.entries()) {
        expect(at % 16).toBe(0);
        expect(at + n).toBeLessThanOrEqual(blocks[i + 1]?.at ?? heap.buffer.byteLength);
      }
    });
  });

  test("gives a returned block to the next request of about its size", () => {
    const heap = new Heap();
    const first = heap.take(1000)!;
    const second = heap.take(1000)!;
    heap.give(first, 1000);
    expect(heap.take(1020)).toBe(first);
    expect(heap.take(1000)).not.toBe(second);
  });

  test("keeps its size while blocks come and go", () => {
    const heap = new Heap();
    const round = (): void => {
      const held = [10, 5000, 300].map((n) => [heap.take(n)!, n] as const);
      for (const [at, n] of held) heap.give(at, n);
    };
    round();
    const { size } = heap;
    for (let i = 0; i < 50; i++) round();
    expect(heap.size).toBe(size);
  });

  test("that is full says so, and what was handed out stays", () => {
    const heap = new Heap(2);
    const at = heap.take(100_000)!;
    expect(heap.take(100_000)).toBeUndefined();
    heap.give(at, 100_000);
    expect(heap.take(100_000)).toBe(at);
  });

  test("refuses more than there are addresses", () => {
    expect(new Heap().take(2 ** 33)).toBeUndefined();
  });
});

describe("growing", () => {
  afterEach(() => useBackend(cpu));

  test("keeps the numbers of live tensors", () => {
    useBackend(wasm());
    const small = random(1).normal([100]);
    const seen = small.data.slice();
    const large = random(2).normal([200_000]);
    expect(small.data).toEqual(seen);
    expect(large.data.every(Number.isFinite)).toBe(true);
  });
});
