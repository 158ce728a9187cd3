import {
  add,
  arange,
  cpu,
  gather,
  mean,
  mul,
  reshape,
  slice,
  sum,
  tensor,
  transpose,
  useBackend,
} from "@evenkeel/autodiff";
import { afterAll, afterEach, describe, expect, test } from "vitest";
import { gpu } from "./index.ts";

afterEach(() => useBackend(cpu));

for (const mode of ["webgpu", "webgl2"] as const) {
  const backend = await gpu({ mode });

  describe(`kernels on ${mode}`, () => {
    afterAll(() => backend.destroy());

    test("find every element of an array of three million", async () => {
      const [rows, columns] = [1733, 1811];
      const x = reshape(arange(rows * columns), [rows, columns]);
      const expected = transpose(x).data.slice();
      useBackend(backend);
      const found = await transpose(x).read();
      expect(found.findIndex((v, i) => v !== expected[i])).toBe(-1);
      const few = await slice(transpose(x), [columns - 1, rows - 2]).read();
      expect([...few]).toEqual([(rows - 1) * columns - 1, rows * columns - 1]);
      const ones = mul(x, 0);
      expect(await mean(add(ones, 1)).read()).toEqual(Float32Array.of(1));
    });

    test("are told apart by the sizes of what they read", async () => {
      useBackend(backend);
      // The same text and the same size of the result.
      for (const n of [3, 17, 300, 5]) {
        const x = tensor(Float32Array.from({ length: n }, (_, i) => 10 * i));
        expect(await gather(mul(x, 1), [n - 1, 0]).read()).toEqual(
          Float32Array.of(10 * (n - 1), 0),
        );
      }
    });

    test("take other numbers without being compiled again", async () => {
      useBackend(backend);
      const x = tensor([1, 2, 3]);
      const f = (by: number): Promise<ArrayLike<number>> => sum(mul(x, by)).read();
      expect(await f(2)).toEqual(Float32Array.of(12));
      expect(await f(3)).toEqual(Float32Array.of(18));
      const { compiled } = backend;
      expect(await f(-0.5)).toEqual(Float32Array.of(-3));
      expect(backend.compiled).toBe(compiled);
    });
  });
}
