import { refuse, ShapeError, showShape } from "../error.ts";
import { defineOp } from "../op.ts";
import { broadcastShapes, broadcastStrides } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { walk } from "./kernels.ts";
import { transpose } from "./movement.ts";

const matmulOp = defineOp<void>({
  name: "matmul",
  shape([a, b]) {
    if (a!.length < 2 || b!.length < 2 || a!.at(-1) !== b!.at(-2)) {
      const got = `${showShape(a!)} and ${showShape(b!)}`;
      refuse(ShapeError, "matmul", "shapes [..., m, k] and [..., k, n]", got);
    }
    const batch = broadcastShapes("matmul", a!.slice(0, -2), b!.slice(0, -2));
    return [...batch, a!.at(-2)!, b!.at(-1)!];
  },
  kernel(out, [a, b]) {
    const [m, n] = out.shape.slice(-2) as [number, number];
    const k = a!.shape.at(-1)!;
    if (out.rank === 2) return multiply(out.data, 0, a!.data, 0, b!.data, 0, m, k, n);
    const batch = out.shape.slice(0, -2);
    const steps = (x: Tensor, size: number): number[] =>
      broadcastStrides(x.shape.slice(0, -2), batch).map((s) => s * size);
    let o = 0;
    walk(batch, [steps(a!, m * k), steps(b!, k * n)], (pa, pb) => {
      multiply(out.data, o, a!.data, pa, b!.data, pb, m, k, n);
      o += m * n;
    });
  },
  // d(AB) = dA B + A dB
  vjp: (g, _y, [a, b], _p, needs) => [
    needs[0] ? matmul(g, swapLast(b!)) : null,
    needs[1] ? matmul(swapLast(a!), g) : null,
  ],
});

type Data = Tensor["data"];

/** out[m, n] = a[m, k] · b[k, n]: rows of b are added up, four at a time, into a row of out. */
function multiply(
  out: Data,
  po: number,
  a: Data,
  pa: number,
  b: Data,
  pb: number,
  m: number,
  k: number,
  n: number,
): void {
  out.fill(0, po, po + m * n);
  for (let i = 0; i < m; i++) {
    const row = po + i * n;
    let l = 0;
    for (; l + 3 < k; l += 4) {
      const from = pa + i * k + l;
      const a0 = a[from]!;
      const a1 = a[from + 1]!;
      const a2 = a[from + 2]!;
      const a3 = a[from + 3]!;
      const b0 = pb + l * n;
      const b1 = b0 + n;
      const b2 = b1 + n;
      const b3 = b2 + n;
      for (let j = 0; j < n; j++) {
        out[row + j]! += a0 * b[b0 + j]! + a1 * b[b1 + j]! + a2 * b[b2 + j]! + a3 * b[b3 + j]!;
      }
    }
    for (; l < k; l++) {
      const a0 = a[pa + i * k + l]!;
      const b0 = pb + l * n;
      for (let j = 0; j < n; j++) out[row + j]! += a0 * b[b0 + j]!;
    }
  }
}

function swapLast(x: Tensor): Tensor {
  const axes = x.shape.map((_, i) => i);
  return transpose(x, [...axes.slice(0, -2), x.rank - 1, x.rank - 2]);
}

/** Matrix product over the last two axes; leading axes broadcast. */
export function matmul(a: Tensor, b: Tensor): Tensor {
  return matmulOp([a, b], undefined);
}
