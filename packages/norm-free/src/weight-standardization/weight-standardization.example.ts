import { mul, random, sub } from "@evenkeel/autodiff";
import { StandardizedConv2d } from "@evenkeel/norm-free";

// A convolution whose weights are standardized in the forward: two images, batch norm not in sight.
const conv = new StandardizedConv2d({
  inChannels: 3,
  outChannels: 8,
  kernelSize: 3,
  padding: 1,
  bias: false,
  seed: 1,
});
const x = random(2).normal([2, 3, 8, 8]);
const before = conv.forward(x);

// The scale of the weights behind it does not matter, so that no step can blow the layer up.
conv.weight.replace(mul(conv.weight.value, 1000));
const change = Math.max(...sub(conv.forward(x), before).data.map(Math.abs));
console.log("largest change of the output", change);
if (!(change < 0.01)) throw new Error("the scale of the weights should not matter");
