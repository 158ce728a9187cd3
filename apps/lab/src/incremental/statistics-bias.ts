import { scope } from "@evenkeel/autodiff";
import { NormModule, type Sequential } from "@evenkeel/nn";
import { training } from "@evenkeel/norm-core";
import type { Method } from "./methods.ts";
import { imagesOf, type Samples } from "./tasks.ts";

/**
 * How wrong running statistics are for some images: the mean over norms and channels of
 *
 *     ((mean − m) / s)² + ((deviation − s) / s)²        m, s: of the images, as the norm itself takes them
 */
export function statisticsBias(model: Sequential, { bind }: Method, images: Samples): number {
  model.eval();
  return scope(() => {
    const errors: number[] = [];
    let x = imagesOf(images);
    for (const layer of model.layers) {
      if (layer instanceof NormModule) {
        const { runningMean, runningVar } = layer.state;
        const exact = bind(runningMean!.value.size, 1);
        const { params, state } = exact.init();

        const condition = { task: 0, balanced: true };
        const found = exact.apply(x, params, state, { mode: training, condition }).state;
        runningMean!.value.data.forEach((mean, c) => {
          const s = Math.sqrt(found["runningVar"]!.data[c]!) + 1e-12;
          const deviation = Math.sqrt(runningVar!.value.data[c]!);
          const off = (mean - found["runningMean"]!.data[c]!) / s;
          errors.push(off ** 2 + ((deviation - s) / s) ** 2);
        });
      }
      x = layer.forward(x);
    }
    return errors.reduce((sum, v) => sum + v, 0) / errors.length;
  });
}
