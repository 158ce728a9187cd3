import { matmul, random, reshape, type Tensor } from "@evenkeel/autodiff";
import { dynamicMomentShortcut, positionalMoments } from "@evenkeel/positional-norm";

// Moments of an encoder of 8 channels shape a decoder of 3, by a 1×1 convolution with 6 filters.
const moments = positionalMoments(random(1).normal([2, 8, 4, 4], { mean: 3 }));
const weight = random(2).normal([6, 2], { std: 0.1 });
const predict = (m: Tensor): Tensor =>
  reshape(matmul(weight, reshape(m, [2, 2, 16])), [2, 6, 4, 4]);

const decoded = dynamicMomentShortcut(random(3).normal([2, 3, 4, 4]), moments, predict);
console.log("decoded", decoded.shape);
if (decoded.shape.join() !== "2,3,4,4") throw new Error("unexpected shape");
