import type { numpy as np } from "@jax-js/jax";
import type { LayerCase, NormLayer, Values } from "../case.ts";
import { channelsLast, type Layouts } from "./layout.ts";

export type Jax = typeof import("@jax-js/jax");
export type JaxInputs = Readonly<Record<string, np.Array>>;

/** An array of jax-js. */
export function loadJax({ numpy }: Jax, { shape, data }: Values): np.Array {
  return numpy.array(data).reshape([...shape]);
}

export interface JaxLayer {
  readonly layouts: Layouts;
  /** Op by op instead of under one `jit`, where that is faster. */
  readonly eager?: boolean;
  /** Consumes its inputs, as everything does in jax-js: `.ref` keeps an array for one more use. */
  forward(inputs: JaxInputs): np.Array;
}

/**
 * As its users must, layers that it lacks are written from primitives: it has no norm layer, no
 * pooling and no custom gradients. This is the formula as it stands, channels on axis 1 as in ours
 * and in PyTorch.
 */
export function jaxLayer(jax: Jax, { layer, inputs }: LayerCase): JaxLayer | null {
  const rank = inputs["x"]?.shape.length ?? 0;
  switch (layer.kind) {
    case "norm":
      return jaxNorm(jax, layer, rank);
    case "matmul":
      return { layouts: {}, forward: ({ a, b }) => jax.numpy.matmul(a!, b!) };
    case "add":
      return { layouts: {}, forward: ({ a, b }) => a!.add(b!) };
    case "conv2d":
      return {
        layouts: {},
        eager: true,
        forward: ({ x, weight }) => conv(jax, x!, weight!, layer.stride, layer.padding),
      };
    case "maxPool2d":
      return { layouts: {}, forward: ({ x }) => pool(jax.numpy.max, x!, layer.kernelSize) };
    case "avgPool2d":
      return { layouts: {}, forward: ({ x }) => pool(jax.numpy.mean, x!, layer.kernelSize) };
  }
}

export function conv(
  { lax }: Jax,
  x: np.Array,
  weight: np.Array,
  stride: number,
  padding: number,
): np.Array {
  const around: [number, number] = [padding, padding];
  return lax.convGeneralDilated(x, weight, [stride, stride], [around, around]);
}

/** Windows side by side: an axis is split into windows and places in them. */
export function pool(
  reduce: (x: np.Array, axes: number[]) => np.Array,
  x: np.Array,
  size: number,
): np.Array {
  const [n, c, h, w] = x.shape as [number, number, number, number];
  return reduce(x.reshape([n, c, h / size, size, w / size, size]), [3, 5]);
}

/**
 * The same with what made it fastest here: channels last, and x * scale + shift with the variance
 * E[x²] - E[x]², as in its own `nn.standardize`. That loses digits at large offsets; these data have none.
 */
export function tunedJaxLayer(jax: Jax, { layer, inputs }: LayerCase): JaxLayer | null {
  if (layer.kind !== "norm" || layer.id !== "batchNorm") return null;
  const rank = inputs["x"]!.shape.length;
  const axes = Array.from({ length: rank - 1 }, (_, i) => i);
  const layouts: Layouts = rank === 4 ? { x: channelsLast, output: channelsLast } : {};
  return {
    layouts,
    forward: ({ x, weight, bias }) => {
      const { numpy: np } = jax;
      const mean = np.mean(x!.ref, axes);
      const variance = np.mean(np.square(x!.ref), axes).sub(np.square(mean.ref));
      const inverse = np.reciprocal(np.sqrt(variance.add(layer.options["eps"] as number)));
      const scale = weight!.mul(inverse);
      return x!.mul(scale.ref).add(bias!.sub(mean.mul(scale)));
    },
  };
}

function jaxNorm(jax: Jax, { id, options }: NormLayer, rank: number): JaxLayer | null {
  const eps = options["eps"] as number;
  if (id === "layerNorm") {
    if (rank !== 2) return null;
    return {
      layouts: {},
      forward: ({ x, weight, bias }) => standard(jax, x!, [1], eps).mul(weight!).add(bias!),
    };
  }
  if (id !== "batchNorm") return null;
  return { layouts: {}, forward: ({ x, weight, bias }) => batchNorm(jax, x!, weight!, bias!, eps) };
}

export function batchNorm(
  jax: Jax,
  x: np.Array,
  weight: np.Array,
  bias: np.Array,
  eps: number,
): np.Array {
  const space = x.shape.slice(2);
  const axes = [0, ...space.map((_, i) => i + 2)];
  const along = [1, -1, ...space.map(() => 1)];
  return standard(jax, x, axes, eps).mul(weight.reshape(along)).add(bias.reshape(along));
}

function standard({ numpy: np }: Jax, x: np.Array, axes: number[], eps: number): np.Array {
  const centered = x.ref.sub(np.mean(x, axes, { keepdims: true }));
  const variance = np.mean(np.square(centered.ref), axes, { keepdims: true });
  return centered.mul(np.reciprocal(np.sqrt(variance.add(eps))));
}
