import { joinAxes, sizeOf } from "@evenkeel/autodiff";
import { type GpuOp, gpuOp } from "../rule.ts";
import { coordinates, strided } from "./coordinates.ts";
import { sumOfProducts, sumsOfProducts } from "./products.ts";

export const matmulOps: Readonly<Record<string, GpuOp>> = {
  /** out[…, i, j] = Σ over l of a[…, i, l] · b[…, l, j] */
  matmul: gpuOp<void>({
    lower(inputs, { shapes, out }) {
      const [a, b] = shapes as readonly [readonly number[], readonly number[]];
      const [m, k] = a.slice(-2) as [number, number];
      const n = b.at(-1)!;
      const batches = [a, b].map((shape) => shape.slice(0, -2));
      const { shape: batch, strides } = joinAxes(out.slice(0, -2), batches);
      const stepsOfA = [...strides[0]!.map((s) => s * m * k), k, 0];
      const stepsOfB = [...strides[1]!.map((s) => s * k * n), 0, 1];
      return sumsOfProducts({
        ...{ inputs, size: sizeOf(out), count: k },
        sums(w, at) {
          const own = coordinates(w, at, [...batch, m, n]);
          const row = strided(w, stepsOfA, own);
          const column = strided(w, stepsOfB, own);
          return (first, count) => {
            const x = { input: 0, start: w.index("a + b", row, first), step: 1 };
            const y = { input: 1, start: w.index(`a + b * ${n}`, column, first), step: n };
            return sumOfProducts(w, count, [x, y]);
          };
        },
      });
    },
  }),
};
