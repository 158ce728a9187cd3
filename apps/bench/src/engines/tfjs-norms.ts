import type { Tensor, Tensor1D, Tensor4D } from "@tensorflow/tfjs-core";
import type { NormCase } from "../suites/norm.ts";
import type { Tfjs } from "./tfjs-load.ts";

export type TfjsNorm = (x: Tensor, weight: Tensor, bias: Tensor) => Tensor;

interface Axes {
  readonly statistics: number[];
  /** The axes along which weight and bias do not vary. */
  readonly shared: number[];
}

function axesOf(kind: NormCase["kind"]): Axes {
  return kind === "batchNorm"
    ? { statistics: [0, 2, 3], shared: [0, 2, 3] }
    : { statistics: [1], shared: [0] };
}

/** By `moments`, and for batch norm by `batchNorm`, as its layers do; channels last. */
export function libraryNorm(tf: Tfjs, { kind, eps }: NormCase): TfjsNorm {
  return (x, weight, bias) => {
    if (kind === "batchNorm") {
      const { mean, variance } = tf.moments(x, [0, 1, 2]);
      return tf.batchNorm(
        x as Tensor4D,
        mean as Tensor1D,
        variance as Tensor1D,
        bias as Tensor1D,
        weight as Tensor1D,
        eps,
      );
    }
    const { mean, variance } = tf.moments(x, 1, true);
    const standard = tf.mul(tf.sub(x, mean), tf.rsqrt(tf.add(variance, eps)));
    return tf.add(tf.mul(standard, weight), bias);
  };
}

/** From primitives, variance as E[x²] - E[x]²: a little faster here than two passes. */
export function composedNorm(tf: Tfjs, { kind, eps }: NormCase): TfjsNorm {
  const { statistics } = axesOf(kind);
  return (x, weight, bias) => {
    const mean = tf.mean(x, statistics, true);
    const variance = tf.sub(tf.mean(tf.square(x), statistics, true), tf.square(mean));
    const inverse = tf.rsqrt(tf.add(variance, eps));
    if (kind === "layerNorm") {
      return tf.add(tf.mul(tf.mul(tf.sub(x, mean), inverse), weight), bias);
    }
    const scale = tf.mul(inverse, weight);
    return tf.add(tf.mul(x, scale), tf.sub(bias, tf.mul(mean, scale)));
  };
}

/**
 * The backward derived by hand, with h the normalized x and k = dy * weight:
 *
 *     dx = (k - mean(k) - h * mean(k * h)) / sqrt(var + eps)
 *
 * For batch norm the weight comes out of the means, which then are the other two gradients.
 */
export function customGradNorm(tf: Tfjs, { kind, eps }: NormCase): TfjsNorm {
  const { statistics, shared } = axesOf(kind);
  const norm = tf.customGrad((...args) => {
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
    const gradFunc = (dy: Tensor, saved: Tensor[]): Tensor[] => {
      const [h, inverse, weight] = saved as [Tensor, Tensor, Tensor];
      const gradWeight = tf.sum(tf.mul(dy, h), shared, true);
      const gradBias = tf.sum(dy, shared, true);
      if (kind === "batchNorm") {
        const count = dy.size / weight.size;
        const offset = tf.add(tf.div(gradBias, count), tf.mul(h, tf.div(gradWeight, count)));
        return [tf.mul(tf.sub(dy, offset), tf.mul(weight, inverse)), gradWeight, gradBias];
      }
      const k = tf.mul(dy, weight);
      const meanKh = tf.mean(tf.mul(k, h), statistics, true);
      const offset = tf.add(tf.mean(k, statistics, true), tf.mul(h, meanKh));
      return [tf.mul(tf.sub(k, offset), inverse), gradWeight, gradBias];
    };
    return { value: tf.add(tf.mul(h, weight), bias), gradFunc };
  });
  return (x, weight, bias) => norm(x, weight, bias);
}
