import { mean, random, relu, square } from "@evenkeel/autodiff";
import { ScaledStandardizedConv2d } from "@evenkeel/norm-free";

// Ten layers without a norm. gamma makes up for what a relu takes from the variance of a normal input.
const gamma = Math.sqrt(2 / (1 - 1 / Math.PI));
let x = random(1).normal([2, 16, 8, 8]);
for (let seed = 0; seed < 10; seed++) {
  const slide = { inChannels: 16, outChannels: 16, kernelSize: 3, padding: 1, bias: false, seed };
  x = new ScaledStandardizedConv2d({ ...slide, gamma }).forward(seed === 0 ? x : relu(x));
}

const power = mean(square(x)).item();
console.log("power after ten layers", power);
if (!(power > 0.05 && power < 20)) throw new Error("the signal should neither die nor explode");
