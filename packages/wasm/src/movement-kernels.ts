import { joinAxes, sizeOf, stridesOf, type Tensor } from "@evenkeel/autodiff";
import { bytesPerElement, inOrder, move, moveRun, permuted } from "./boxes.ts";
import { at, type Kernel } from "./kernel.ts";
import type { Exports } from "./module.ts";

/** Ops that put elements elsewhere: transposed, cut, padded, joined, repeated, picked. */
export function movementKernels(wasm: Exports): [string, Kernel][] {
  return [
    ["transpose", transposed(wasm)],
    ["broadcastTo", repeated(wasm)],
    ["slice", cut(wasm)],
    ["pad", padded(wasm)],
    ["concat", joined(wasm)],
    ["gather", gathered(wasm)],
    ["scatterAdd", scattered(wasm)],
  ];
}

function transposed(wasm: Exports): Kernel {
  return (out, [x], params) => {
    const axes = params as readonly number[];
    if (axes.length === 2 && axes[0] === 1) {
      const run = bytesPerElement(out) === 8 ? wasm.move64 : wasm.move32;
      const [m, n] = out.shape as [number, number];
      run(at(out), at(x!), 1, 1, m, n, 0, 0, n, 1, 0, 0, 1, m);
      return true;
    }
    move(wasm, bytesPerElement(out), out.shape, inOrder(out), permuted(x!, axes));
    return true;
  };
}

function repeated(wasm: Exports): Kernel {
  return (out, [x]) => {
    if (x!.size === 1) {
      moveRun(wasm, bytesPerElement(out), at(out), at(x!), { count: out.size, step: 0 });
      return true;
    }
    const { shape, strides } = joinAxes(out.shape, [x!.shape]);
    const to = { at: at(out), steps: stridesOf(shape) };
    move(wasm, bytesPerElement(out), shape, to, { at: at(x!), steps: strides[0]! });
    return true;
  };
}

function cut(wasm: Exports): Kernel {
  return (out, [x], params) => {
    const { begin } = params as { readonly begin: readonly number[] };
    if (sameRows(out, x!)) {
      const bytes = bytesPerElement(out);
      const row = sizeOf(out.shape.slice(1));
      moveRun(wasm, bytes, at(out), at(x!) + begin[0]! * row * bytes, { count: out.size });
      return true;
    }
    move(wasm, bytesPerElement(out), out.shape, inOrder(out), inOrder(x!, begin));
    return true;
  };
}

function padded(wasm: Exports): Kernel {
  return (out, [x], params) => {
    const before = (params as readonly (readonly number[])[]).map(([n]) => n!);
    const bytes = bytesPerElement(out);
    wasm.clear(at(out), out.size * bytes);
    if (sameRows(out, x!)) {
      const row = sizeOf(out.shape.slice(1));
      moveRun(wasm, bytes, at(out) + before[0]! * row * bytes, at(x!), { count: x!.size });
      return true;
    }
    move(wasm, bytes, x!.shape, inOrder(out, before), inOrder(x!));
    return true;
  };
}

/** Whether the shapes differ along the first axis only: one run of neighbours, as halves of a pair are. */
function sameRows(a: Tensor, b: Tensor): boolean {
  for (let i = 1; i < a.rank; i++) if (a.shape[i] !== b.shape[i]) return false;
  return a.rank > 0;
}

function joined(wasm: Exports): Kernel {
  return (out, inputs, params) => {
    const axis = params as number;
    let side = 0;
    for (const x of inputs) {
      const begin = x.shape.map((_, i) => (i === axis ? side : 0));
      move(wasm, bytesPerElement(out), x.shape, inOrder(out, begin), inOrder(x));
      side += x.shape[axis]!;
    }
    return true;
  };
}

function gathered(wasm: Exports): Kernel {
  return (out, [x, ids], params) => {
    wasm.gather(at(out), at(x!), at(ids!), ...slices(x!, params as number, ids!));
    return true;
  };
}

function scattered(wasm: Exports): Kernel {
  return (out, [x, ids], params) => {
    const { axis } = params as { readonly axis: number };
    const run = out.dtype === "float64" ? wasm.scatterAdd64 : wasm.scatterAdd;
    run(at(out), at(x!), at(ids!), ...slices(out, axis, ids!));
    return true;
  };
}

/** How many, of how many bytes, the slices along an axis are that indices name. */
function slices(t: Tensor, axis: number, ids: Tensor): number[] {
  const bytes = sizeOf(t.shape.slice(axis + 1)) * bytesPerElement(t);
  const wide = ids.dtype === "float64" ? 1 : 0;
  return [sizeOf(t.shape.slice(0, axis)), t.shape[axis]!, ids.size, bytes, wide];
}
