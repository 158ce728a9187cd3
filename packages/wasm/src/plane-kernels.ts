import type { Tensor } from "@evenkeel/autodiff";
import { at, float32, type Kernel, type Scratch } from "./kernel.ts";
import type { Exports } from "./module.ts";

/** Ops of norm-core are known by name and parameters; see its `Layout`. */
interface Layout {
  readonly samples: number;
  readonly outer: number;
  readonly channels: number;
  readonly inner: number;
}
type Sizes = readonly [samples: number, outer: number, channels: number, inner: number];
function sizesOf(params: unknown): Sizes {
  const { samples, outer, channels, inner } = params as Layout;
  return [samples, outer, channels, inner];
}

/** Arrays of x's size are float32, those of one number per plane float64. */
function covers(big: readonly Tensor[], small: readonly Tensor[]): boolean {
  return float32(...big) && small.every((t) => t.dtype === "float64");
}

/**
 * Whether float32 can stand for numbers of planes: offsets must not overflow beside x, factors not vanish
 * either. Others (x near the ends of float32's range, NaN) are the plain kernel's, which takes float64.
 */
function inRange(offsets: readonly Tensor[], factors: readonly Tensor[]): boolean {
  for (const { data } of offsets) {
    for (let i = 0; i < data.length; i++) if (!(Math.abs(data[i]!) < 1e30)) return false;
  }
  for (const { data } of factors) {
    for (let i = 0; i < data.length; i++) {
      const size = Math.abs(data[i]!);
      if (!(size < 1e30 && (size > 1e-36 || size === 0))) return false;
    }
  }
  return true;
}

/** A weight or bias along the plane, or 0 for none. */
function along(t: Tensor | undefined): number {
  return t ? at(t) : 0;
}

/** The ops of norm-core's planes. */
export function planeKernels(wasm: Exports, scratch: Scratch): [string, Kernel][] {
  return [
    ["planeMoments", (out, [x], params) => moments(wasm, out, x!, params)],
    ["planeAffine", (out, inputs, params) => affine(wasm, scratch, out, inputs, params)],
    ["planeSums", (out, inputs, params) => sums(wasm, out, inputs, params)],
    ["planeCombine", (out, inputs, params) => combine(wasm, scratch, out, inputs, params)],
    ["alongSums", (out, inputs, params) => places(wasm, scratch, out, inputs, params)],
  ];
}

function moments(wasm: Exports, out: Tensor, x: Tensor, params: unknown): boolean {
  if (!covers([x], [out])) return false;
  wasm.clear(at(out), 8 * out.size);
  wasm.planeMoments(at(out), at(x), ...sizesOf(params));
  return true;
}

type WithScratch = (
  wasm: Exports,
  scratch: Scratch,
  out: Tensor,
  inputs: readonly Tensor[],
  params: unknown,
) => boolean;

const affine: WithScratch = (wasm, scratch, out, [x, p, s, t, weight, bias], params) => {
  const optional = [weight, bias].filter((v) => v !== undefined);
  if (!covers([x!, ...optional], [p!, s!, t!]) || !inRange([p!, t!], [s!])) return false;
  const sizes = sizesOf(params);
  const [, outer, channels, inner] = sizes;
  // A weight without a bias gets one of zeros, after what the kernel needs itself.
  const zeros = weight && !bias ? 4 * outer * inner : 0;
  const own = 12 * channels * (weight ? 1 : inner);
  const room = scratch(own + zeros);
  if (room === undefined) return false;
  if (zeros > 0) wasm.clear(room + own, zeros);
  const b = zeros > 0 ? room + own : along(bias);
  wasm.planeAffine(at(out), at(x!), at(p!), at(s!), at(t!), along(weight), b, ...sizes, room);
  return true;
};

function sums(wasm: Exports, out: Tensor, inputs: readonly Tensor[], params: unknown): boolean {
  const [g, x, p, weight] = inputs;
  if (!covers(weight ? [g!, x!, weight] : [g!, x!], [out, p!])) return false;
  wasm.clear(at(out), 8 * out.size);
  wasm.planeSums(at(out), at(g!), at(x!), at(p!), along(weight), ...sizesOf(params));
  return true;
}

const combine: WithScratch = (wasm, scratch, out, [g, x, p, a, b, c, weight], params) => {
  if (!covers(weight ? [g!, x!, weight] : [g!, x!], [p!, a!, b!, c!])) return false;
  if (!inRange([p!, c!], [a!, b!])) return false;
  const sizes = sizesOf(params);
  const [, , channels, inner] = sizes;
  const room = scratch(16 * channels * (weight ? 1 : inner));
  if (room === undefined) return false;
  const numbers = [at(p!), at(a!), at(b!), at(c!)] as const;
  wasm.planeCombine(at(out), at(g!), at(x!), ...numbers, along(weight), ...sizes, room);
  return true;
};

const places: WithScratch = (wasm, scratch, out, [g, x, p, s, t], params) => {
  if (!covers([g!, x!], [out, p!, s!, t!]) || !inRange([p!, t!], [s!])) return false;
  const sizes = sizesOf(params);
  const room = scratch(12 * sizes[0] * sizes[2]);
  if (room === undefined) return false;
  wasm.clear(at(out), 8 * out.size);
  wasm.alongSums(at(out), at(g!), at(x!), at(p!), at(s!), at(t!), ...sizes, room);
  return true;
};
