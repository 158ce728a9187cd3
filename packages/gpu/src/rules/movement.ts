import { type Shape, sizeOf, stridesOf } from "@evenkeel/autodiff";
import { type GpuOp, gpuOp, type Index, type Lowering, type Num, type Writer } from "../rule.ts";
import { broadcastOver, coordinate, placeOf, type Strided } from "./indices.ts";

/** An op whose elements are elements of its input, at places told by strides. */
function moving<P>(walk: (x: Shape, out: Shape, params: P) => Strided & { start?: number }): GpuOp {
  return gpuOp<P>({
    lower: (inputs, { shapes, out, params }) => {
      const strided = walk(shapes[0]!, out, params);
      return {
        size: sizeOf(out),
        inputs,
        pointwise: true,
        operations: 0,
        write: (w, at) => w.read(0, w.index(placeOf("a", strided, strided.start), at)),
      };
    },
  });
}

interface Box {
  readonly begin: readonly number[];
}

const lowerPad: Lowering<readonly (readonly [number, number])[]> = (
  inputs,
  { shapes, out, params },
) => {
  const [x] = shapes as [Shape];
  const start = -x.reduce((sum, _, i) => sum + params[i]![0] * stridesOf(x)[i]!, 0);
  return {
    size: sizeOf(out),
    inputs,
    pointwise: true,
    operations: 0,
    write: (w, at) => {
      const inside = params.flatMap(([before, after], axis) => {
        const i = w.index(coordinate("a", out, axis), at);
        const low = before > 0 ? [`${i} >= ${before}`] : [];
        return after > 0 ? [...low, `${i} < ${before + x[axis]!}`] : low;
      });
      const place = placeOf("a", { sizes: out, strides: stridesOf(x) });
      const value = w.read(0, w.index(start === 0 ? place : `${place} - ${-start}`, at));
      return chosen(w, inside, value, "0");
    },
  };
};

/** `yes` where all conditions hold, else `no`. */
function chosen(w: Writer, conditions: readonly string[], yes: Num, no: Num): Num {
  return conditions.length === 0 ? yes : w.bind(`(${conditions.join(" && ")} ? ${yes} : ${no})`);
}

const lowerConcat: Lowering<number> = (inputs, { shapes, out, params: axis }) => ({
  size: sizeOf(out),
  inputs,
  pointwise: true,
  operations: 0,
  write: (w, at) => {
    const along = w.index(coordinate("a", out, axis), at);
    let start = 0;
    let value = "";
    for (const [k, shape] of shapes.entries()) {
      if (sizeOf(shape) === 0) continue;
      const own = w.read(k, ownPlace(w, at, shape, { out, axis, start }));
      value = value === "" ? own : w.bind(`(${along} < ${start} ? ${value} : ${own})`);
      start += shape[axis]!;
    }
    return value;
  },
});

function ownPlace(
  w: Writer,
  at: Index,
  shape: Shape,
  { out, axis, start }: { readonly out: Shape; readonly axis: number; readonly start: number },
): Index {
  const place = placeOf("a", { sizes: out, strides: stridesOf(shape) });
  const before = start * stridesOf(shape)[axis]!;
  return w.index(before === 0 ? place : `${place} - ${before}`, at);
}

export const movementOps: Readonly<Record<string, GpuOp>> = {
  reshape: moving((x) => ({ sizes: [sizeOf(x)], strides: [1] })),
  cast: moving((x) => ({ sizes: [sizeOf(x)], strides: [1] })),
  broadcastTo: moving((x, out) => broadcastOver(x, out)),
  transpose: moving<readonly number[]>((x, out, axes) => ({
    sizes: out,
    strides: axes.map((a) => stridesOf(x)[a]!),
  })),
  slice: moving<Box>((x, out, { begin }) => ({
    sizes: out,
    strides: stridesOf(x),
    start: begin.reduce((sum, b, i) => sum + b * stridesOf(x)[i]!, 0),
  })),
  pad: gpuOp({ lower: lowerPad }),
  concat: gpuOp({ lower: lowerConcat }),
};
