import type { Tensor } from "@evenkeel/autodiff";
import { at, float32, type Kernel } from "./kernel.ts";
import type { Exports } from "./module.ts";

type Two = readonly [vertical: number, horizontal: number];

/** Pooling of nn is known by name and parameters; see its `Pooling`. */
interface Pooling {
  readonly kernel: Two;
  readonly stride: Two;
  readonly padding: Two;
  readonly dilation: Two;
}

export function poolingKernels(wasm: Exports): [string, Kernel][] {
  return [
    ["maxPool2d", windows(wasm.maxPool2d, (y, x) => [y, x])],
    ["avgPool2d", windows(wasm.avgPool2d, (y, x) => [y, x])],
    ["avgPool2dGradient", windows(wasm.avgPool2dGradient, (x, y) => [y, x])],
    ["pickPlaces", places(wasm.pickPlaces, (out, x) => [out, x])],
    ["putBackPlaces", places(wasm.putBackPlaces, (out, g) => [g, out])],
  ];
}

type Run = (...numbers: readonly number[]) => void;
/** Which of a kernel's result and first input has an element per window, and which is the image. */
type Roles = (out: Tensor, input: Tensor) => [pooled: Tensor, image: Tensor];

function windows(run: Run, roles: Roles): Kernel {
  return (out, [input], params) => {
    if (!float32(out, input!)) return false;
    const [pooled, image] = roles(out, input!);
    const { kernel, stride, padding, dilation } = params as Pooling;
    const [samples, channels, ...size] = image.shape as [number, number, number, number];
    const sizes = [samples * channels, ...size, ...kernel, ...pooled.shape.slice(2)];
    run(at(out), at(input!), ...sizes, ...stride, ...padding, ...dilation);
    return true;
  };
}

function places(run: Run, roles: Roles): Kernel {
  return (out, [input, where]) => {
    if (!float32(out, input!, where!)) return false;
    const [pooled, image] = roles(out, input!);
    const [samples, channels, rows, columns] = pooled.shape as [number, number, number, number];
    const [, , h, w] = image.shape as [number, number, number, number];
    run(at(out), at(input!), at(where!), samples * channels, h * w, rows * columns);
    return true;
  };
}
