import {
  add,
  cpu,
  mean,
  mul,
  random,
  scope,
  square,
  sub,
  type Tensor,
  tensor,
  useBackend,
  valueAndGrad,
} from "@evenkeel/autodiff";
import { backendTolerance, expectClose } from "@evenkeel/testkit";
import { wasm } from "@evenkeel/wasm";
import { afterEach, describe, expect, test, vi } from "vitest";
import { DeviceLostError, type GpuBackend, gpu, isAvailable } from "./index.ts";

afterEach(() => {
  useBackend(cpu);
  vi.restoreAllMocks();
});

interface Losable {
  readonly backend: GpuBackend;
  lose(): void;
}

interface Destroyable {
  destroy(): void;
}
type Method = (this: unknown, ...args: unknown[]) => unknown;

/** Opens the GPU and keeps what can be lost of it. */
async function losable(mode: "webgpu" | "webgl2"): Promise<Losable> {
  const opened: unknown[] = [];
  const [owner, method]: [Record<string, Method>, string] =
    mode === "webgpu"
      ? [Reflect.get(globalThis, "GPUAdapter").prototype as never, "requestDevice"]
      : [HTMLCanvasElement.prototype as never, "getContext"];
  const original = owner[method]!;
  vi.spyOn(owner, method).mockImplementation(function (this: unknown, ...args: unknown[]) {
    const result = original.apply(this, args);
    opened.push(result);
    return result;
  });
  const backend = await gpu({ mode });
  const found = await Promise.all(opened);
  vi.restoreAllMocks();
  const lose = (): void => {
    for (const one of found) {
      if (mode === "webgpu") (one as Destroyable).destroy();
      else (one as WebGL2RenderingContext).getExtension?.("WEBGL_lose_context")?.loseContext();
    }
  };
  return { backend, lose };
}

const x = random(1).normal([8, 3]);
const loss = (w: Tensor): Tensor => mean(square(sub(mul(x, w), mul(x, 2))));
const step = (w: Tensor): Tensor => scope(() => sub(w, mul(0.3, valueAndGrad(loss)(w).grads)));
const train = (w: Tensor, steps: number): Tensor => (steps === 0 ? w : train(step(w), steps - 1));

describe.each(["webgpu", "webgl2"] as const)("a lost device of %s", (mode) => {
  test("is reported, and training goes on elsewhere from the numbers that were read", async () => {
    const expected = train(random(2).normal([3]), 10);
    const { backend, lose } = await losable(mode);
    useBackend(backend);
    const w = train(random(2).normal([3]), 5);
    const saved = await w.read();

    lose();
    const after = step(w);
    await expect(after.read()).rejects.toThrow(DeviceLostError);
    await expect(w.read()).rejects.toThrow("Its memory is gone");
    expect(await backend.lost).not.toBe("");

    useBackend(wasm());
    const { gradient } = backendTolerance("gpu");
    expectClose("w", train(tensor(saved), 5), expected, gradient);
    await backend.destroy();
  });

  test("leaves a page in which another can be opened", async () => {
    const expected = add(x, 1).data.slice();
    const { backend, lose } = await losable(mode);
    lose();
    await backend.lost;
    await backend.destroy();
    expect(await isAvailable({ mode })).toEqual({ available: true, mode });
    const other = await gpu({ mode });
    useBackend(other);
    expect(await add(x, 1).read()).toEqual(expected);
    await other.destroy();
  });
});
