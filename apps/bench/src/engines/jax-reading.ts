import type { numpy as np } from "@jax-js/jax";
import type { Jax } from "./jax-layers.ts";

/** How numbers are read from a device of jax-js. */
export interface JaxReading {
  /** Consumes the array, as reads do in jax-js. */
  read(array: np.Array): ArrayLike<number> | Promise<ArrayLike<number>>;
  /** Resolves when the device has computed these. */
  finish(arrays: np.Array[]): Promise<unknown>;
}

/** Of a device whose memory is in the process. */
export function readingAtOnce(jax: Jax): JaxReading {
  return { read: (array) => array.dataSync(), finish: (arrays) => jax.blockUntilReady(arrays) };
}

/** Of a GPU: the sum of the smallest array is computed last, and waited for together with them. */
export function readingByWaiting(jax: Jax): JaxReading {
  return {
    read: (array) => array.data(),
    finish(arrays) {
      const smallest = arrays.reduce((a, b) => (b.size < a.size ? b : a));
      const last = smallest.size === 1 ? smallest.ref : jax.numpy.sum(smallest.ref);
      return Promise.all([jax.blockUntilReady(arrays), last.data()]);
    },
  };
}
