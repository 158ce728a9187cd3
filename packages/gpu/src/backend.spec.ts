import {
  add,
  concat,
  cpu,
  defineOp,
  div,
  exp,
  grad,
  keep,
  matmul,
  mean,
  mul,
  random,
  scope,
  square,
  sub,
  sum,
  type Tensor,
  tensor,
  transpose,
  useBackend,
  valueAndGrad,
} from "@evenkeel/autodiff";
import { expectClose, tolerances } from "@evenkeel/testkit";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { Recorder } from "./backend.ts";
import { type JavaScriptDevice, javaScriptDevice } from "./javascript-device.ts";
import { DeviceLostError } from "./storage.ts";

let device: JavaScriptDevice;
let backend: Recorder;

beforeEach(() => {
  device = javaScriptDevice();
  backend = new Recorder(device);
  useBackend(backend);
});
afterEach(() => useBackend(cpu));

const { output: tolerance } = tolerances.backends["gpu"]!;

/** What `f` gives on the CPU, in float64 of float32's numbers. */
function expected(f: () => Tensor): Tensor {
  useBackend(cpu);
  try {
    return f();
  } finally {
    useBackend(backend);
  }
}

async function expectSame(found: Tensor, f: () => Tensor): Promise<void> {
  const wanted = expected(f);
  const read = tensor(Float64Array.from(await found.read()), { shape: found.shape });
  expectClose("result", read, wanted, tolerance);
}

describe("the recorder", () => {
  test("computes nothing before it is read or the program pauses", async () => {
    const y = mul(random(1).normal([4]), 2);
    expect(backend.launches).toBe(0);
    await y.read();
    expect(backend.launches).toBe(1);
    const z = mul(y, 3);
    await Promise.resolve();
    await backend.flush();
    expect(backend.launches).toBe(2);
    await z.read();
    expect(backend.launches).toBe(2);
  });

  test("computes a chain of elementwise ops, broadcasting and movement in one kernel", async () => {
    const f = (): Tensor => {
      const x = random(1).normal([5, 3]);
      return exp(sub(mul(transpose(x), 0.5), tensor([[1], [2], [3]])));
    };
    await expectSame(scope(f), f);
    expect(backend.launches).toBe(1);
  });

  test("drops what nothing needs", async () => {
    const x = random(1).normal([4]);
    const y = scope(() => {
      matmul(random(2).normal([50, 50]), random(3).normal([50, 50]));
      return add(x, 1);
    });
    await y.read();
    expect(backend.launches).toBe(1);
  });

  test("computes what is asked for twice once", async () => {
    const x = random(1).normal([4]);
    const f = (): Tensor => scope(() => sum(exp(mul(x, 2))));
    const [a, b] = [f(), f()];
    expect(await a.read()).toEqual(await b.read());
    expect(backend.launches).toBe(1);
    const c = scope(() => sum(exp(mul(x, 3))));
    expect(await c.read()).not.toEqual(await a.read());
  });

  test("computes small results side by side in one kernel", async () => {
    const x = random(1).normal([6]);
    const results = [mul(x, 2), add(x, 1), square(tensor([1, 2]))];
    await Promise.all(results.map((t) => t.read()));
    expect(backend.launches).toBe(1);
    expect(backend.memory.buffers).toBeLessThanOrEqual(3);
    expect(await results[2]!.read()).toEqual(Float32Array.of(1, 4));
  });

  test("keeps a small result that something large reads over and over", async () => {
    const scale = exp(random(1).normal([8]));
    const y = mul(random(2).normal([64, 8]), scale);
    await y.read();
    expect(backend.launches).toBe(2);
  });

  test("adds up long sums in two stages", async () => {
    const f = (): Tensor => sum(random(1).normal([3, 1000]), { axes: 1 });
    await expectSame(f(), f);
    expect(backend.launches).toBe(2);
  });

  test("reads any number of arrays in one result", async () => {
    const f = (): Tensor =>
      concat(
        Array.from({ length: 20 }, (_, i) => random(i).normal([3, 2])),
        1,
      );
    await expectSame(f(), f);
  });

  test("plans a step once, whatever its numbers", async () => {
    let w = keep(random(1).normal([4, 4]));
    const step = async (i: number): Promise<void> => {
      const x = random(i).normal([4, 4]);
      const loss = (p: Tensor): Tensor => mean(square(matmul(x, p)));
      const { grads } = valueAndGrad(loss)(w);
      w = sub(w, mul(grads, 0.1 / i));
      await w.read();
    };
    await step(1);
    await step(2);
    const { plans, compiled } = backend;
    for (let i = 3; i < 10; i++) await step(i);
    expect({ plans: backend.plans, compiled: backend.compiled }).toEqual({ plans, compiled });
  });

  test("gives the gradients that the CPU gives", async () => {
    const x = random(1).normal([7, 5]);
    const f = (t: Tensor): Tensor =>
      sum(div(square(t), add(exp(mean(t, { axes: 1, keepDims: true })), 1)));
    await expectSame(grad(f)(x), () => grad(f)(random(1).normal([7, 5])));
  });
});

describe("an op that fills a tensor anew", () => {
  test("gives what reads it before the old numbers, and what reads it after the new ones", async () => {
    const buffer = tensor([1, 2]);
    const refill = (x: Tensor): void => backend.run(neg.spec, buffer, [x], undefined);
    const neg = defineOp<void>({
      name: "negative",
      scalar: (v) => -v,
      shape: ([x]) => x!,
      kernel: () => {},
      vjp: () => [null],
    });
    const before = mul(buffer, 10);
    refill(tensor([5, 6]));
    const between = mul(buffer, 10);
    refill(tensor([7, 8]));
    expect(await before.read()).toEqual(Float32Array.of(10, 20));
    expect(await between.read()).toEqual(Float32Array.of(-50, -60));
    expect(await buffer.read()).toEqual(Float32Array.of(-7, -8));
    refill(before);
    expect(await buffer.read()).toEqual(Float32Array.of(-10, -20));
    const { buffers } = backend.memory;
    refill(before);
    await buffer.read();
    expect(backend.memory.buffers).toBe(buffers);
  });
});

describe("a failure", () => {
  const odd = defineOp<void>({
    name: "odd",
    scalar: (x) => globalThis.Number.parseFloat(String(x)),
    shape: ([x]) => x!,
    kernel: () => {},
    vjp: () => [null],
  });

  test("of an op without a rule is thrown when it is called, and says what to do", () => {
    const other = defineOp<void>({ ...odd.spec, name: "other", scalar: undefined as never });
    expect(() => other([tensor([1])], undefined)).toThrowErrorMatchingInlineSnapshot(
      `[EvenkeelError: gpu: expected a rule for other, got none. Give the op a \`scalar\` rule, make it of other ops, or run it on cpu or wasm().]`,
    );
  });

  test("to compute is told by the reads of what depends on it, and by no other", async () => {
    device.lose("a test");
    const y = mul(tensor([1, 2]), 3);
    await expect(add(y, 1).read()).rejects.toThrow(DeviceLostError);
    await expect(y.read()).rejects.toThrow("a lost one (a test)");
    expect(await backend.lost).toBe("a test");
  });

  test("leaves no memory behind", async () => {
    const x = mul(random(1).normal([4]), 1);
    await x.read();
    const { buffers } = backend.memory;
    device.lose("a test");
    const y = matmul(random(2).normal([4, 4]), random(3).normal([4, 4]));
    await expect(y.read()).rejects.toThrow(DeviceLostError);
    expect(backend.memory.buffers).toBe(buffers);
  });
});
