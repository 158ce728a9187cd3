import { add, mean, random } from "@evenkeel/autodiff";
import { crossIterationConv2d } from "@evenkeel/cross-iteration-norm";
import { Conv2d } from "@evenkeel/nn";

/** How far the window's mean is from the batch's own, after the weight has moved under the same images. */
function drift(rho: number): number {
  const conv = new Conv2d({ inChannels: 3, outChannels: 8, kernelSize: 3, bias: false, seed: 1 });
  const layer = crossIterationConv2d(conv, { bufferNum: 3, burnIn: 0, rho });
  const x = random(2).normal([2, 3, 8, 8], { mean: 1 });
  layer.forward(x);

  // What an optimizer would do.
  const { weight } = layer.conv;
  weight.replace(add(weight.value, random(3).normal(weight.value.shape, { std: 0.05 })));

  const output = layer.forward(x);
  return Math.max(...mean(output, { axes: [0, 2, 3] }).data.map(Math.abs));
}

// The mean is linear in the weight: followed along its derivative, the stored one is exact.
const [followed, naive] = [drift(1), drift(0)];
console.log("means of the output: followed", followed, "not followed", naive);
if (followed > 1e-5 || naive < 1e-2) throw new Error("the stored means should follow the weight");
