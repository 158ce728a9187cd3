import {
  type Backend,
  currentBackend,
  fail,
  mean,
  OptionError,
  random,
  scope,
  show,
  square,
  type Tensor,
  useBackend,
  valueAndGrad,
} from "@evenkeel/autodiff";
import { batchNorm } from "@evenkeel/batch-norm";
import { wasm } from "@evenkeel/wasm";

export interface PickOptions {
  /** `gpu` of `@evenkeel/gpu`, or a function that calls it with options. Default: none, and wasm runs all. */
  readonly gpu?: () => Promise<Backend>;
  /** Elements of the arrays that most time goes into: samples · channels · space. Default: 262,144. */
  readonly elements?: number;
}

/** A backend, and why it was picked. */
export interface PickedBackend {
  readonly backend: Backend;
  /** Elements from which on the GPU was faster; Infinity if it never was or there is none. */
  readonly threshold: number;
  readonly reason: string;
}

/** Sizes at which both are timed, as far as need be. */
const sizes = [2 ** 14, 2 ** 16, 2 ** 18, 2 ** 20] as const;
const WARM_UP = 2;
const RUNS = 5;

interface Measured {
  readonly backend: Backend;
  readonly threshold: number;
}

/** By the function that opens the GPU: measured once. */
const measured = new Map<() => Promise<Backend>, Promise<Measured | string>>();

/**
 * Picks the GPU or wasm by what is faster here for arrays of a size, and makes it the current backend.
 *
 * A step of batch norm, forward and gradients, is timed on both at up to four sizes, once per program; the GPU is
 * picked if it won at the nearest size below `elements` and at all above. Where it is missing, refused or slower,
 * wasm runs; `reason` says which and why. `useBackend` overrides the choice at any time.
 *
 * @param options.gpu - Opens the GPU; what it throws becomes the reason for wasm.
 * @param options.elements - Of the arrays that most time goes into.
 * @throws OptionError for a size that is not a positive whole number.
 *
 * @example
 * // In a browser: import { gpu } from "@evenkeel/gpu"; await pickBackend({ gpu });
 * const { backend, reason } = await pickBackend();
 * console.log(backend.name, reason); // wasm, because no gpu was given
 */
export async function pickBackend({
  gpu,
  elements = 2 ** 18,
}: PickOptions = {}): Promise<PickedBackend> {
  if (!Number.isInteger(elements) || elements < 1) {
    const expected = "elements to be a positive whole number";
    fail({ where: "pickBackend", expected, got: show(elements) }, OptionError);
  }
  const picked = await pick(gpu, elements);
  useBackend(picked.backend);
  return picked;
}

async function pick(gpu: PickOptions["gpu"], elements: number): Promise<PickedBackend> {
  const none = (reason: string): PickedBackend => ({
    backend: wasm(),
    threshold: Number.POSITIVE_INFINITY,
    reason: `wasm, because ${reason}`,
  });
  if (!gpu) return none("no gpu was given");
  const known = measured.get(gpu) ?? measure(gpu);
  measured.set(gpu, known);
  const result = await known;
  if (typeof result === "string") return none(result);
  const { threshold } = result;
  if (elements >= threshold) {
    const reason = `gpu, because it is faster from ${threshold} elements on`;
    return { backend: result.backend, threshold, reason };
  }
  if (threshold === Number.POSITIVE_INFINITY) return none("it is faster at every size measured");
  return { ...none(`the gpu is faster from ${threshold} elements on`), threshold };
}

async function measure(gpu: () => Promise<Backend>): Promise<Measured | string> {
  let backend: Backend;
  try {
    backend = await gpu();
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
  const other = wasm();
  const faster = async (size: number): Promise<boolean> =>
    (await timeOf(backend, size)) < (await timeOf(other, size));
  return { backend, threshold: await thresholdOf(sizes, faster) };
}

/**
 * @internal The smallest size from which on it was always faster. The largest is tried first and one defeat
 * ends it: a slow GPU does not take long.
 */
export async function thresholdOf(
  sizes: readonly number[],
  faster: (size: number) => Promise<boolean>,
): Promise<number> {
  let threshold = Number.POSITIVE_INFINITY;
  for (const size of [...sizes].reverse()) {
    if (!(await faster(size))) break;
    threshold = size;
  }
  return threshold;
}

/** Milliseconds of a step of batch norm on `size` elements: the median. */
async function timeOf(backend: Backend, size: number): Promise<number> {
  const times: number[] = [];
  const x = on(backend, () => random(1).normal([16, 16, size / 256]));
  for (let i = 0; i < WARM_UP + RUNS; i++) {
    const start = performance.now();
    await on(backend, () => step(x)).read();
    if (i >= WARM_UP) times.push(performance.now() - start);
  }
  return times.sort((a, b) => a - b)[RUNS >> 1]!;
}

function step(x: Tensor): Tensor {
  const norm = batchNorm({ numFeatures: 16 });
  const { params, state } = norm.init();
  const loss = (t: Tensor): Tensor => mean(square(norm.apply(t, params, state).output));
  return scope(() => mean(valueAndGrad(loss)(x).grads));
}

function on<R>(backend: Backend, f: () => R): R {
  const before = currentBackend();
  useBackend(backend);
  try {
    return f();
  } finally {
    useBackend(before);
  }
}
