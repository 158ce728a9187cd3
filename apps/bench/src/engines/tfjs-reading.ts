import type { Tensor } from "@tensorflow/tfjs-core";
import type { Tfjs } from "./tfjs-load.ts";

/** How numbers are read from a backend of tfjs. */
export interface TfjsReading {
  read(t: Tensor): ArrayLike<number> | Promise<ArrayLike<number>>;
  /** Resolves when the device has computed these. Without it, all is done when a call returns. */
  readonly finish?: (results: readonly Tensor[]) => Promise<unknown>;
}

/** Of the backends that compute at once, on this thread. */
export const readingAtOnce: TfjsReading = { read: (t) => t.dataSync() };

/** Of a GPU: the sum of the smallest result is computed last, and waited for. */
export function readingByWaiting(tf: Tfjs): TfjsReading {
  return {
    read: (t) => t.data(),
    async finish(results) {
      const smallest = results.reduce((a, b) => (b.size < a.size ? b : a));
      const total = tf.sum(smallest);
      await total.data();
      total.dispose();
    },
  };
}
