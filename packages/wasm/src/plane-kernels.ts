import type { Tensor } from "@evenkeel/autodiff";
import { at, float32, type Kernel, type Room, type Scratch, type Threads } from "./kernel.ts";
import type { Exports } from "./module.ts";
import { grid, type Part } from "./rows.ts";

/** Ops of norm-core are known by name and parameters; see its `Layout`. */
interface Layout {
  readonly samples: number;
  readonly outer: number;
  readonly channels: number;
  readonly inner: number;
  readonly relu?: boolean;
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

/** The address of a tensor, or 0 for none. */
function orNone(t: Tensor | undefined): number {
  return t ? at(t) : 0;
}

/** The planes, samples by channels, in parts; where runs are short, channels that fill a cache line. */
function partsOf({ threads }: Tools, layout: Layout): Part[] {
  const { samples, outer, channels, inner } = layout;
  return grid(threads, [samples, channels], outer * inner, Math.ceil(64 / inner));
}

/** The ops of norm-core's planes. */
export function planeKernels(
  wasm: Exports,
  scratch: Scratch,
  threads: Threads,
): [string, Kernel][] {
  const kernels: Record<string, PlaneKernel> = {
    planeMoments: moments,
    planeAffine: affine,
    planeSums: sums,
    gatedPlaneSums: gatedSums,
    planeCombine: combine,
    gatedPlaneCombine: gatedCombine,
    alongSums: places,
    gatedAlongSums: places,
  };
  return Object.entries(kernels).map(([name, kernel]) => [
    name,
    (out, inputs, params) => kernel({ wasm, scratch, threads }, out, inputs, params as Layout),
  ]);
}

interface Tools {
  readonly wasm: Exports;
  readonly scratch: Scratch;
  readonly threads: Threads;
}
type PlaneKernel = (
  tools: Tools,
  out: Tensor,
  inputs: readonly Tensor[],
  layout: Layout,
) => boolean;

const moments: PlaneKernel = (tools, out, [x], layout) => {
  if (!covers([x!], [out])) return false;
  const { samples, outer, channels, inner } = layout;
  tools.wasm.clear(at(out), 8 * out.size);
  const numbers = [at(out), at(x!), samples, outer, channels, inner] as const;
  run(tools, "planeMoments", numbers, partsOf(tools, layout));
  return true;
};

/** Calls the kernel for every part. */
function run(
  { threads }: Tools,
  kernel: keyof Exports,
  numbers: readonly number[],
  parts: readonly Part[],
  room?: Room,
): void {
  const calls = parts.map((part) => [...numbers, ...part]);
  threads.split(kernel, calls, room);
}

/**
 * Room for a kernel on every thread, and after it zeros for a weight that has no bias: the address of those
 * or of the bias. Undefined when memory is full.
 */
function roomFor(
  { wasm, scratch, threads }: Tools,
  own: number,
  [weight, bias]: readonly [Tensor | undefined, Tensor | undefined] = [undefined, undefined],
): { readonly room: Room; readonly bias: number } | undefined {
  const zeros = weight && !bias ? 4 * weight.size : 0;
  const bytes = 16 * Math.ceil(own / 16);
  const room = scratch(bytes * threads.most + zeros);
  if (room === undefined) return undefined;
  const after = room + bytes * threads.most;
  if (zeros > 0) wasm.clear(after, zeros);
  return { room: { at: room, bytes }, bias: zeros > 0 ? after : orNone(bias) };
}

const affine: PlaneKernel = (tools, out, [x, p, s, t, weight, bias], layout) => {
  const optional = [weight, bias].filter((v) => v !== undefined);
  if (!covers([x!, ...optional], [p!, s!, t!]) || !inRange([p!, t!], [s!])) return false;
  const { outer, channels, inner } = layout;
  const given = roomFor(tools, 12 * channels * (weight ? 1 : inner), [weight, bias]);
  if (!given) return false;
  const floor = layout.relu ? 0 : Number.NEGATIVE_INFINITY;
  const numbers = [at(p!), at(s!), at(t!), orNone(weight), given.bias, floor] as const;
  const all = [at(out), at(x!), ...numbers, outer, channels, inner];
  run(tools, "planeAffine", all, partsOf(tools, layout), given.room);
  return true;
};

const sums: PlaneKernel = (tools, out, [g, x, p, weight], layout) => {
  if (!covers(weight ? [g!, x!, weight] : [g!, x!], [out, p!])) return false;
  const { samples, outer, channels, inner } = layout;
  tools.wasm.clear(at(out), 8 * out.size);
  const arrays = [at(out), at(g!), at(x!), at(p!), orNone(weight), 0, 0, 0] as const;
  const all = [...arrays, samples, outer, channels, inner];
  run(tools, "planeSums", all, partsOf(tools, layout));
  return true;
};

const gatedSums: PlaneKernel = (tools, out, [g, x, p, s, t, weight, bias], layout) => {
  const optional = [weight, bias].filter((v) => v !== undefined);
  if (!covers([g!, x!, ...optional], [out, p!, s!, t!]) || !inRange([p!, t!], [s!])) return false;
  const { samples, outer, channels, inner } = layout;
  const given = roomFor(tools, 12 * channels, [weight, bias]);
  if (!given) return false;
  tools.wasm.clear(at(out), 8 * out.size);
  const gate = [at(p!), orNone(weight), at(s!), at(t!), given.bias] as const;
  const all = [at(out), at(g!), at(x!), ...gate, samples, outer, channels, inner];
  run(tools, "planeSums", all, partsOf(tools, layout), given.room);
  return true;
};

const combine: PlaneKernel = (tools, out, [g, x, p, a, b, c, weight], layout) => {
  if (!covers(weight ? [g!, x!, weight] : [g!, x!], [p!, a!, b!, c!])) return false;
  if (!inRange([p!, c!], [a!, b!])) return false;
  const { outer, channels, inner } = layout;
  const given = roomFor(tools, 16 * channels * (weight ? 1 : inner));
  if (!given) return false;
  const numbers = [at(p!), at(a!), at(b!), at(c!), orNone(weight), 0, 0, 0, 0] as const;
  const all = [at(out), at(g!), at(x!), ...numbers, outer, channels, inner];
  run(tools, "planeCombine", all, partsOf(tools, layout), given.room);
  return true;
};

const gatedCombine: PlaneKernel = (tools, out, [g, x, mean, b, c, ...gate], layout) => {
  const [p, s, t, weight, bias] = gate;
  const optional = [weight, bias].filter((v) => v !== undefined);
  if (!covers([g!, x!, ...optional], [mean!, b!, c!, p!, s!, t!])) return false;
  if (!inRange([mean!, c!, p!, t!], [b!, s!])) return false;
  const { outer, channels, inner } = layout;
  const given = roomFor(tools, 28 * channels * (weight ? 1 : inner), [weight, bias]);
  if (!given) return false;
  const numbers = [at(mean!), at(s!), at(b!), at(c!), orNone(weight)] as const;
  const under = [at(p!), at(s!), at(t!), given.bias] as const;
  const all = [at(out), at(g!), at(x!), ...numbers, ...under, outer, channels, inner];
  run(tools, "planeCombine", all, partsOf(tools, layout), given.room);
  return true;
};

/** With a weight: gated. */
const places: PlaneKernel = (tools, out, [g, x, p, s, t, weight, bias], layout) => {
  const optional = [weight, bias].filter((v) => v !== undefined);
  if (!covers([g!, x!, ...optional], [out, p!, s!, t!]) || !inRange([p!, t!], [s!])) return false;
  const { samples, outer, channels, inner } = layout;
  const planes = samples * channels;
  const given = roomFor(tools, 12 * planes + 8 * inner, [weight, bias]);
  if (!given) return false;
  const { room } = given;
  tools.wasm.clear(at(out), 8 * out.size);
  for (let thread = 0; thread < tools.threads.most; thread++) {
    tools.wasm.clear(room.at + thread * room.bytes + 12 * planes, 8 * inner);
  }
  const numbers = [at(p!), at(s!), at(t!), orNone(weight), given.bias] as const;
  const all = [at(out), at(g!), at(x!), ...numbers, samples, outer, channels, inner];
  run(tools, "alongSums", all, grid(tools.threads, [outer, inner], planes, 64), room);
  return true;
};
