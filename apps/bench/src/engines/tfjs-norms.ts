import type { Tensor, Tensor1D, Tensor4D } from "@tensorflow/tfjs-core";
import type { LayerCase } from "../case.ts";
import { channelsLast, type Layouts } from "./layout.ts";
import type { Tfjs } from "./tfjs-load.ts";

type TfjsInputs = Readonly<Record<string, Tensor>>;

export interface TfjsLayer {
  readonly layouts: Layouts;
  forward(inputs: TfjsInputs): Tensor;
}

/** A norm that peers have: which axes its statistics are of, and which its weight does not vary along. */
interface TfjsNorm {
  readonly isBatchNorm: boolean;
  readonly statistics: number[];
  readonly shared: number[];
  /** Of weight and bias beside x. */
  readonly parameterShape: number[];
  readonly eps: number;
}

/** Batch norm of images or rows with channels on axis 1, layer norm of rows; null for what else there is. */
function normOf({ layer, inputs }: LayerCase): TfjsNorm | null {
  if (layer.kind !== "norm") return null;
  const { shape } = inputs["x"]!;
  const eps = layer.options["eps"] as number;
  const parameterShape = shape.map((size, axis) => (axis === 1 ? size : 1));
  if (layer.id === "batchNorm") {
    const others = shape.flatMap((_, axis) => (axis === 1 ? [] : [axis]));
    return { isBatchNorm: true, statistics: others, shared: others, parameterShape, eps };
  }
  if (layer.id !== "layerNorm" || shape.length !== 2) return null;
  return { isBatchNorm: false, statistics: [1], shared: [0], parameterShape, eps };
}

/** By `moments`, and for batch norm by `batchNorm`, as its layers do; channels last. */
export function libraryNorm(tf: Tfjs, benchCase: LayerCase): TfjsLayer | null {
  const norm = normOf(benchCase);
  if (norm === null) return null;
  if (!norm.isBatchNorm) return composedNorm(tf, benchCase);
  const isImage = norm.parameterShape.length === 4;
  return {
    layouts: isImage ? { x: channelsLast, output: channelsLast } : {},
    forward: ({ x, weight, bias }) => libraryBatchNorm(tf, x!, weight!, bias!, norm.eps),
  };
}

function libraryBatchNorm(tf: Tfjs, x: Tensor, weight: Tensor, bias: Tensor, eps: number): Tensor {
  const { mean, variance } = tf.moments(x, x.rank === 4 ? [0, 1, 2] : [0]);
  return tf.batchNorm(
    x as Tensor4D,
    mean as Tensor1D,
    variance as Tensor1D,
    bias as Tensor1D,
    weight as Tensor1D,
    eps,
  );
}

/** From primitives, channels first, variance as E[x²] - E[x]²: a little faster here than two passes. */
export function composedNorm(tf: Tfjs, benchCase: LayerCase): TfjsLayer | null {
  const norm = normOf(benchCase);
  if (norm === null) return null;
  const { parameterShape, statistics, eps } = norm;
  return {
    layouts: {},
    forward: ({ x, weight, bias }) => {
      const parameters = [weight!, bias!].map((t) => tf.reshape(t, parameterShape));
      return composed(tf, x!, parameters[0]!, parameters[1]!, statistics, eps, norm.isBatchNorm);
    },
  };
}

/** @param scaled - Whether the weight belongs to the statistics, and can be taken into their scale. */
export function composed(
  tf: Tfjs,
  x: Tensor,
  weight: Tensor,
  bias: Tensor,
  statistics: number[],
  eps: number,
  scaled: boolean,
): Tensor {
  const mean = tf.mean(x, statistics, true);
  const variance = tf.sub(tf.mean(tf.square(x), statistics, true), tf.square(mean));
  const inverse = tf.rsqrt(tf.add(variance, eps));
  if (!scaled) return tf.add(tf.mul(tf.mul(tf.sub(x, mean), inverse), weight), bias);
  const scale = tf.mul(inverse, weight);
  return tf.add(tf.mul(x, scale), tf.sub(bias, tf.mul(mean, scale)));
}

/**
 * The backward derived by hand, with h the normalized x and k = dy * weight:
 *
 *     dx = (k - mean(k) - h * mean(k * h)) / sqrt(var + eps)
 *
 * For batch norm the weight comes out of the means, which then are the other two gradients.
 */
export function customGradNorm(tf: Tfjs, benchCase: LayerCase): TfjsLayer | null {
  const norm = normOf(benchCase);
  if (norm === null) return null;
  const { statistics, parameterShape, eps } = norm;
  const op = tf.customGrad((...args) => {
    const [x, weight, bias, save] = args as unknown as [
      Tensor,
      Tensor,
      Tensor,
      (t: Tensor[]) => void,
    ];
    const centered = tf.sub(x, tf.mean(x, statistics, true));
    const variance = tf.mean(tf.square(centered), statistics, true);
    const inverse = tf.rsqrt(tf.add(variance, eps));
    const h = tf.mul(centered, inverse);
    save([h, inverse, weight]);
    const value = tf.add(tf.mul(h, weight), bias);
    return { value, gradFunc: (dy: Tensor, saved: Tensor[]) => backward(tf, norm, dy, saved) };
  });
  return {
    layouts: {},
    forward: ({ x, weight, bias }) =>
      op(x!, tf.reshape(weight!, parameterShape), tf.reshape(bias!, parameterShape)),
  };
}

function backward(tf: Tfjs, norm: TfjsNorm, dy: Tensor, saved: Tensor[]): Tensor[] {
  const { isBatchNorm, statistics, shared } = norm;
  const [h, inverse, weight] = saved as [Tensor, Tensor, Tensor];
  const gradWeight = tf.sum(tf.mul(dy, h), shared, true);
  const gradBias = tf.sum(dy, shared, true);
  if (isBatchNorm) {
    const count = dy.size / weight.size;
    const offset = tf.add(tf.div(gradBias, count), tf.mul(h, tf.div(gradWeight, count)));
    return [tf.mul(tf.sub(dy, offset), tf.mul(weight, inverse)), gradWeight, gradBias];
  }
  const k = tf.mul(dy, weight);
  const meanKh = tf.mean(tf.mul(k, h), statistics, true);
  const offset = tf.add(tf.mean(k, statistics, true), tf.mul(h, meanKh));
  return [tf.mul(tf.sub(k, offset), inverse), gradWeight, gradBias];
}
