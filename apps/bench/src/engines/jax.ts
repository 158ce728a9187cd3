import { availableParallelism } from "node:os";
import type { numpy as np } from "@jax-js/jax";
import type { Engine, Prepared } from "../suite.ts";
import type { NormCase } from "../suites/norm.ts";
import { toChannelsFirst, toChannelsLast } from "./layout.ts";

type Jax = typeof import("@jax-js/jax");
type Step = (x: np.Array, weight: np.Array, bias: np.Array) => np.Array;

/**
 * jax-js on its wasm backend, the fastest that Node has of it: `jit` around `valueAndGrad`.
 *
 * Its wasm backend spreads kernels over a pool of global `Worker`s, one per core. Node has no such
 * global, and then it computes on the calling thread.
 *
 * As its users must, the norms are written from primitives: it has no norm layer and no custom
 * gradients. This is the formula as it stands, channels on axis 1 as in ours and in PyTorch.
 */
export function startJax(): Promise<Engine<NormCase>> {
  return start("jax-js", { ...asItIs, norm: batchNorm });
}

/**
 * The same with what made it fastest here: channels last, and x * scale + shift with the variance
 * E[x²] - E[x]², as in its own `nn.standardize`. That loses digits at large offsets; these data have none.
 */
export function startJaxTuned(): Promise<Engine<NormCase>> {
  return start("jax-js-tuned", {
    load: toChannelsLast,
    read: toChannelsFirst,
    order: ([batch, channels, ...space]) => [batch!, ...space, channels!],
    norm: batchNormTuned,
  });
}

/** How batch norm is written, and in which order x's elements lie for it. */
interface Style {
  readonly load: typeof toChannelsLast;
  readonly read: (data: Float32Array, shape: readonly number[]) => Float32Array;
  readonly order: (shape: readonly number[]) => readonly number[];
  readonly norm: (jax: Jax, eps: number) => Step;
}

const asItIs: Omit<Style, "norm"> = {
  load: (data) => data as Float32Array<ArrayBuffer>,
  read: (data) => data,
  order: (shape) => shape,
};

async function start(name: string, style: Style): Promise<Engine<NormCase>> {
  const jax = await import("@jax-js/jax");
  await jax.init("wasm");
  jax.defaultDevice("wasm");
  return {
    name,
    threads: "Worker" in globalThis ? availableParallelism() : 1,
    prepare: (benchCase) => prepare(jax, benchCase, style),
  };
}

async function prepare(jax: Jax, benchCase: NormCase, style: Style): Promise<Prepared> {
  const { kind, shape, weight, bias, eps } = benchCase;
  const layout = kind === "batchNorm" ? style : asItIs;
  const load = (data: Float32Array): np.Array =>
    jax.numpy.array(layout.load(data, shape)).reshape([...layout.order(shape)]);
  const readX = (a: np.Array): Float32Array => layout.read(a.dataSync() as Float32Array, shape);
  const forward = kind === "batchNorm" ? style.norm(jax, eps) : layerNorm(jax, eps);
  const args = [load(benchCase.x), jax.numpy.array(weight), jax.numpy.array(bias)] as const;
  const g = load(benchCase.g);
  const loss = (x: np.Array, w: np.Array, b: np.Array, cotangent: np.Array): np.Array =>
    jax.numpy.sum(forward(x, w, b).mul(cotangent));
  const step = jax.jit(jax.valueAndGrad(loss, { argnums: [0, 1, 2] }));
  const once = () => step(args[0].ref, args[1].ref, args[2].ref, g.ref);
  await jax.blockUntilReady([...args, g]);
  return {
    async run() {
      const [value, grads] = once();
      await jax.blockUntilReady(grads);
      value.item();
      for (const grad of grads) grad.dispose();
      return undefined;
    },
    outputs() {
      const output = forward(args[0].ref, args[1].ref, args[2].ref);
      const [value, [gradX, gradWeight, gradBias]] = once();
      value.dispose();
      return {
        output: readX(output),
        gradX: readX(gradX),
        gradWeight: gradWeight.dataSync(),
        gradBias: gradBias.dataSync(),
      };
    },
    release() {
      for (const a of [...args, g]) a.dispose();
    },
  };
}

// Every use of an array consumes it; `.ref` keeps it for one more.
function batchNorm({ numpy: np }: Jax, eps: number): Step {
  const over = [[0, 2, 3], { keepdims: true }] as const;
  return (x, weight, bias) => {
    const centered = x.ref.sub(np.mean(x, [...over[0]], over[1]));
    const variance = np.mean(np.square(centered.ref), [...over[0]], over[1]);
    return centered
      .mul(np.reciprocal(np.sqrt(variance.add(eps))))
      .mul(weight.reshape([1, -1, 1, 1]))
      .add(bias.reshape([1, -1, 1, 1]));
  };
}

function batchNormTuned({ numpy: np }: Jax, eps: number): Step {
  const axes = [0, 1, 2];
  return (x, weight, bias) => {
    const mean = np.mean(x.ref, axes);
    const variance = np.mean(np.square(x.ref), axes).sub(np.square(mean.ref));
    const scale = weight.mul(np.reciprocal(np.sqrt(variance.add(eps))));
    return x.mul(scale.ref).add(bias.sub(mean.mul(scale)));
  };
}

function layerNorm({ numpy: np }: Jax, eps: number): Step {
  return (x, weight, bias) => {
    const centered = x.ref.sub(np.mean(x, -1, { keepdims: true }));
    const variance = np.mean(np.square(centered.ref), -1, { keepdims: true });
    return centered
      .mul(np.reciprocal(np.sqrt(variance.add(eps))))
      .mul(weight)
      .add(bias);
  };
}
