import { matmul, reshape, type Tensor, zeros } from "@evenkeel/autodiff";
import type { MethodCase } from "@evenkeel/testkit";
import { dynamicMomentShortcutReference } from "./dynamic-moment-shortcut.reference.ts";
import { dynamicMomentShortcut, dynamicMomentShortcutCard } from "./dynamic-moment-shortcut.ts";

/** A 1×1 convolution. */
function pointwise(weight: Tensor): (x: Tensor) => Tensor {
  return (x) => {
    const [samples, channels, ...space] = x.shape as [number, number, ...number[]];
    const rows = reshape(x, [samples, channels, x.size / samples / channels]);
    return reshape(matmul(weight, rows), [samples, weight.shape[0]!, ...space]);
  };
}

/** What the dynamic moment shortcut promises, as data for `methodSuite`. */
export const dynamicMomentShortcutCase: MethodCase = {
  card: dynamicMomentShortcutCard,
  call: ([x, mean, std, weight]) =>
    dynamicMomentShortcut(x!, { mean: mean!, std: std! }, pointwise(weight!)),
  draw(stream) {
    const [samples, channels] = [1 + stream.integer(3), 1 + stream.integer(3)];
    const space = Array.from({ length: stream.integer(3) }, () => 1 + stream.integer(3));
    const dtype = "float64";
    const picture = (): Tensor => stream.normal([samples, 1, ...space], { dtype });
    const x = stream.normal([samples, channels, ...space], { dtype });
    const weight = stream.normal([2 * channels, 2], { dtype });
    return { inputs: [x, picture(), picture(), weight], params: undefined };
  },
  reference: dynamicMomentShortcutReference,
  rejects: [
    {
      name: "a prediction of too few channels",
      call() {
        const moments = { mean: zeros([2, 1, 4]), std: zeros([2, 1, 4]) };
        return dynamicMomentShortcut(zeros([2, 3, 4]), moments, (m) => m);
      },
      message:
        "dynamicMomentShortcut predict: expected shape [2, 6, 4], got [2, 2, 4]. Moments have one channel; a bias and a weight are predicted for each number of x.",
    },
    {
      name: "moments of different shapes",
      call() {
        const moments = { mean: zeros([2, 1, 4]), std: zeros([2, 1, 3]) };
        return dynamicMomentShortcut(zeros([2, 3, 4]), moments, (m) => m);
      },
      message:
        "dynamicMomentShortcut std: expected shape [2, 1, 4], got [2, 1, 3]. Moments have one channel; a bias and a weight are predicted for each number of x.",
    },
  ],
};
