import type { Tensor } from "@evenkeel/autodiff";
import { at, float32, type Kernel, type Scratch } from "./kernel.ts";
import type { Exports } from "./module.ts";

type Two = readonly [vertical: number, horizontal: number];

/** Convolutions of nn are known by name and parameters; see its `Convolution`. */
interface Convolution {
  readonly stride: Two;
  readonly padding: Two;
  readonly dilation: Two;
  readonly groups: number;
}

/** A convolution and its two gradients, for every stride, padding, dilation and number of groups. */
export function convolutionKernels(wasm: Exports, scratch: Scratch): [string, Kernel][] {
  /** Scratch for the convolution of x to y, whose sizes the module then knows. */
  const plan = (x: Tensor, w: Tensor, y: Tensor, params: unknown): number | undefined => {
    if (!float32(x, w, y)) return undefined;
    const { stride, padding, dilation, groups } = params as Convolution;
    const [filters, channels, ...kernel] = w.shape as [number, number, number, number];
    const [, , ...image] = x.shape;
    const [samples, , ...output] = y.shape as [number, number, number, number];
    const counts = [samples, groups, channels, filters / groups];
    const sizes = [...image, ...kernel, ...output, ...stride, ...padding, ...dilation];
    return scratch(wasm.conv2dPlan(...counts, ...sizes) >>> 0);
  };
  return [
    [
      "conv2d",
      (y, [x, w], params) => {
        const room = plan(x!, w!, y, params);
        if (room === undefined) return false;
        wasm.conv2d(at(y), at(x!), at(w!), room);
        return true;
      },
    ],
    [
      "conv2dInputGradient",
      (dx, [g, w], params) => {
        const room = plan(dx, w!, g!, params);
        if (room === undefined) return false;
        wasm.conv2dInputGradient(at(dx), at(g!), at(w!), room);
        return true;
      },
    ],
    [
      "conv2dFilterGradient",
      (dw, [x, g], params) => {
        const room = plan(x!, dw, g!, params);
        if (room === undefined) return false;
        wasm.conv2dFilterGradient(at(dw), at(x!), at(g!), room);
        return true;
      },
    ],
  ];
}
