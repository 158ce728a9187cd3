import type { Tensor } from "@evenkeel/autodiff";
import { at, float32, type Kernel, type Threads } from "./kernel.ts";
import type { Exports } from "./module.ts";
import { grid } from "./rows.ts";

type Two = readonly [vertical: number, horizontal: number];

/** Pooling of nn is known by name and parameters; see its `Pooling`. */
interface Pooling {
  readonly kernel: Two;
  readonly stride: Two;
  readonly padding: Two;
  readonly dilation: Two;
}

/** Planes are divided among threads. */
export function poolingKernels(threads: Threads): [string, Kernel][] {
  return [
    ["maxPool2d", windows(threads, "maxPool2d", (y, x) => [y, x])],
    ["avgPool2d", windows(threads, "avgPool2d", (y, x) => [y, x])],
    ["avgPool2dGradient", windows(threads, "avgPool2dGradient", (x, y) => [y, x])],
    ["pickPlaces", places(threads, "pickPlaces", (out, x) => [out, x])],
    ["putBackPlaces", places(threads, "putBackPlaces", (out, g) => [g, out])],
  ];
}

/** Which of a kernel's result and first input has an element per window, and which is the image. */
type Roles = (out: Tensor, input: Tensor) => [pooled: Tensor, image: Tensor];

function windows(threads: Threads, kernel: keyof Exports, roles: Roles): Kernel {
  return (out, [input], params) => {
    if (!float32(out, input!)) return false;
    const [pooled, image] = roles(out, input!);
    const { kernel: window, stride, padding, dilation } = params as Pooling;
    const sizes = [...image.shape.slice(2), ...window, ...pooled.shape.slice(2)];
    const numbers = [...sizes, ...stride, ...padding, ...dilation];
    threads.split(kernel, callsOf(threads, image, [out, input!], numbers));
    return true;
  };
}

function places(threads: Threads, kernel: keyof Exports, roles: Roles): Kernel {
  return (out, [input, where]) => {
    if (!float32(out, input!, where!)) return false;
    const [pooled, image] = roles(out, input!);
    const numbers = [image, pooled].map((t) => t.shape[2]! * t.shape[3]!);
    threads.split(kernel, callsOf(threads, image, [out, input!, where!], numbers));
    return true;
  };
}

/** Calls of kernel(...arrays, planes, ...numbers) for parts of the planes. */
function callsOf(
  threads: Threads,
  { shape: [samples, channels, h, w] }: Tensor,
  arrays: readonly Tensor[],
  numbers: readonly number[],
): number[][] {
  const planes = samples! * channels!;
  return grid(threads, [planes, 1], h! * w!, 1).map(([from, to]) => [
    ...arrays.map((t) => at(t) + 4 * from * t.shape[2]! * t.shape[3]!),
    to - from,
    ...numbers,
  ]);
}
