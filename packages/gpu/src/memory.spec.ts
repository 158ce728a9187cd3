import {
  add,
  cpu,
  matmul,
  mean,
  mul,
  random,
  release,
  scope,
  square,
  sub,
  type Tensor,
  tensor,
  useBackend,
  valueAndGrad,
} from "@evenkeel/autodiff";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { Recorder } from "./backend.ts";
import { type JavaScriptDevice, javaScriptDevice } from "./javascript-device.ts";
import { RemoteMemoryError } from "./storage.ts";

let device: JavaScriptDevice;
let backend: Recorder;

beforeEach(() => {
  device = javaScriptDevice();
  backend = new Recorder(device);
  useBackend(backend);
});
afterEach(() => useBackend(cpu));

describe("memory on the device", () => {
  test("is steady while a loop runs", async () => {
    const x = random(1).normal([16, 16]);
    let w = random(2).normal([16, 16]);
    let after10 = backend.memory;
    for (let i = 0; i < 40; i++) {
      const { value, grads } = valueAndGrad((p: Tensor) => mean(square(matmul(x, p))))(w);
      const next = scope(() => sub(w, mul(grads, 0.1)));
      release(w, grads);
      w = next;
      await value.read();
      release(value);
      if (i === 10) after10 = backend.memory;
    }
    expect(backend.memory).toEqual(after10);
  });

  test("is given back when the last of what was computed side by side is released", async () => {
    const x = random(1).normal([6]);
    const [a, b] = [mul(x, 2), add(x, 1)];
    await Promise.all([a.read(), b.read(), x.read()]);
    release(a);
    const kept = backend.memory;
    release(b);
    expect(backend.memory.buffers).toBe(kept.buffers - 1);
    release(x);
    expect(backend.memory).toEqual({ buffers: 0, bytes: 0 });
  });

  test("of an input that is released lasts until what was recorded of it is computed", async () => {
    const x = mul(random(1).normal([6]), 1);
    const numbers = await x.read();
    const y = add(x, 1);
    release(x);
    expect(await y.read()).toEqual(numbers.map((v) => v + 1));
  });

  test("of a result that is released while it is read lasts until then", async () => {
    const y = scope(() => mul(tensor([1, 2]), 3));
    const reading = y.read();
    release(y);
    expect(await reading).toEqual(Float32Array.of(3, 6));
    expect(backend.memory.buffers).toBe(0);
  });

  test("can be read at once if the program wrote it, even when the device is gone", async () => {
    const x = tensor([1, 2]);
    await mul(x, 3).read();
    device.lose("a test");
    expect(x.data).toEqual(Float32Array.of(1, 2));
    expect(await x.read()).toEqual(x.data);
    useBackend(cpu);
    expect(add(x, 1).toArray()).toEqual([2, 3]);
  });

  test("cannot be read at once if it was computed", () => {
    const y = mul(tensor([1, 2]), 3);
    expect(() => y.data).toThrow(RemoteMemoryError);
    expect(() => y.item()).toThrow("one element");
    expect(() => y.data).toThrowErrorMatchingInlineSnapshot(
      `[RemoteMemoryError: data: expected memory in the process, got a tensor that was computed on the GPU. Read it with \`await t.read()\`; what has to be read at once belongs on cpu or wasm().]`,
    );
  });
});
