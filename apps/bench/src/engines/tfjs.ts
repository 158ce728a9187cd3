import type { Tensor } from "@tensorflow/tfjs-core";
import type { Engine, Prepared } from "../suite.ts";
import type { NormCase } from "../suites/norm.ts";
import { toChannelsFirst, toChannelsLast } from "./layout.ts";
import { loadTfjs, type Tfjs, type TfjsBackend } from "./tfjs-load.ts";
import { composedNorm, customGradNorm, libraryNorm, type TfjsNorm } from "./tfjs-norms.ts";

type MakeNorm = (tf: Tfjs, benchCase: NormCase) => TfjsNorm;

/** What tfjs has for it: `moments` and `batchNorm`, the op of its layers, channels last. */
export function startTfjsWasm(): Promise<Engine<NormCase>> {
  return start("tfjs-wasm", "wasm", libraryNorm, true);
}

/**
 * The norms from primitives, channels first: over four times as fast as the library's own op, whose
 * gradient tiles and multiplies several arrays of x's size.
 */
export function startTfjsWasmComposed(): Promise<Engine<NormCase>> {
  return start("tfjs-wasm-composed", "wasm", composedNorm);
}

/** The most that a user of tfjs can do: the gradient derived by hand and given to `customGrad`. */
export function startTfjsWasmCustom(): Promise<Engine<NormCase>> {
  return start("tfjs-wasm-custom", "wasm", customGradNorm);
}

/** The plain JavaScript backend. */
export function startTfjsCpu(): Promise<Engine<NormCase>> {
  return start("tfjs-cpu", "cpu", composedNorm);
}

async function start(
  name: string,
  backend: TfjsBackend,
  norm: MakeNorm,
  channelsLast = false,
): Promise<Engine<NormCase>> {
  const tf = await loadTfjs(backend);
  const layoutOf = (benchCase: NormCase): Layout =>
    channelsLast && benchCase.kind === "batchNorm" ? lastLayout(benchCase) : firstLayout(benchCase);
  return {
    name,
    threads: 1,
    prepare: (benchCase) => prepare(tf, backend, norm, benchCase, layoutOf(benchCase)),
  };
}

/** In which order x's elements lie, and what shape its parameters have beside it. */
interface Layout {
  readonly shape: number[];
  readonly parameterShape: number[];
  readonly load: (data: Float32Array) => Float32Array;
  readonly read: (data: ArrayLike<number>) => ArrayLike<number>;
}

function firstLayout({ kind, shape }: NormCase): Layout {
  const parameterShape = kind === "batchNorm" ? [1, shape[1]!, 1, 1] : [1, shape[1]!];
  return { shape: [...shape], parameterShape, load: (data) => data, read: (data) => data };
}

function lastLayout({ shape }: NormCase): Layout {
  const [batch, channels, ...space] = shape as [number, number, ...number[]];
  return {
    shape: [batch, ...space, channels],
    parameterShape: [channels],
    load: (data) => toChannelsLast(data, shape),
    read: (data) => toChannelsFirst(data, shape),
  };
}

async function prepare(
  tf: Tfjs,
  backend: TfjsBackend,
  makeNorm: MakeNorm,
  benchCase: NormCase,
  { shape, parameterShape, load, read }: Layout,
): Promise<Prepared> {
  await tf.setBackend(backend);
  const x = tf.tensor(load(benchCase.x), shape);
  const g = tf.tensor(load(benchCase.g), shape);
  const weight = tf.tensor(benchCase.weight, parameterShape);
  const bias = tf.tensor(benchCase.bias, parameterShape);
  const norm = makeNorm(tf, benchCase);
  const step = tf.valueAndGrads((...inputs: Tensor[]) => {
    const [x, weight, bias] = inputs as [Tensor, Tensor, Tensor];
    return tf.sum(tf.mul(norm(x, weight, bias), g));
  });
  const once = () => tf.tidy(() => step([x, weight, bias]));
  return {
    async run() {
      await tf.setBackend(backend);
      // Both backends compute at once, on this thread: when the call returns, all is done.
      const { value, grads } = once();
      value.dataSync();
      tf.dispose([value, ...grads]);
      return undefined;
    },
    async outputs() {
      await tf.setBackend(backend);
      const output = read(tf.tidy(() => norm(x, weight, bias).dataSync()));
      const { value, grads } = once();
      const [gradX, gradWeight, gradBias] = grads.map((grad) => grad.dataSync());
      tf.dispose([value, ...grads]);
      return { output, gradX: read(gradX!), gradWeight: gradWeight!, gradBias: gradBias! };
    },
    release: () => tf.dispose([x, g, weight, bias]),
  };
}
