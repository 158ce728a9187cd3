import type { Tensor2D, Tensor4D } from "@tensorflow/tfjs-core";
import type { LayerCase } from "../case.ts";
import { channelsLast } from "./layout.ts";
import type { Tfjs } from "./tfjs-load.ts";
import type { TfjsLayer } from "./tfjs-norms.ts";

/** Filters [out, in, h, w] as tfjs has them: [h, w, in, out]. */
export const filtersLast: readonly number[] = [2, 3, 1, 0];

/**
 * The layers that are no norms. Images have channels last, as its ops want them; null for what the
 * backend cannot differentiate.
 */
export function tfjsLayer(tf: Tfjs, { layer }: LayerCase): TfjsLayer | null {
  const images = { x: channelsLast, weight: filtersLast, output: channelsLast };
  switch (layer.kind) {
    case "norm":
      return null;
    case "matmul":
      return { layouts: {}, forward: ({ a, b }) => tf.matMul(a as Tensor2D, b as Tensor2D) };
    case "add":
      return { layouts: {}, forward: ({ a, b }) => tf.add(a!, b!) };
    case "conv2d":
      if (!canTrainConvolutions(tf)) return null;
      return {
        layouts: images,
        forward: ({ x, weight }) =>
          tf.conv2d(x as Tensor4D, weight as Tensor4D, layer.stride, layer.padding),
      };
    case "maxPool2d":
      return {
        layouts: images,
        forward: ({ x }) => tf.maxPool(x as Tensor4D, layer.kernelSize, layer.kernelSize, 0),
      };
    case "avgPool2d":
      return {
        layouts: images,
        forward: ({ x }) => tf.avgPool(x as Tensor4D, layer.kernelSize, layer.kernelSize, 0),
      };
  }
}

/** Its wasm backend has no gradient of a convolution's filters. */
export function canTrainConvolutions(tf: Tfjs): boolean {
  return tf.getKernel("Conv2DBackpropFilter", tf.getBackend()) !== undefined;
}
