import { mean, random, square } from "@evenkeel/autodiff";
import { gradients, Linear, SGD } from "@evenkeel/nn";
import { clipGradAdaptive } from "@evenkeel/norm-free";

// Inputs a thousand times too large, no norm, and a learning rate that would fit small ones.
const model = new Linear({ inFeatures: 8, outFeatures: 1, seed: 1 });
const x = random(2).normal([16, 8], { std: 1000 });
const optimizer = new SGD(model, { lr: 0.1 });

const size = (): number => Math.hypot(...model.weight.value.data);
const before = size();
const { grads } = gradients(model, () => mean(square(model.forward(x))));
optimizer.step(clipGradAdaptive(model, grads, { clipFactor: 0.02 }));

// No unit moves by more than lr·clipFactor, 0.2 % of its own size.
const moved = Math.abs(size() - before) / before;
console.log("the weights changed by a part of", moved);
if (!(moved < 0.0021)) throw new Error("the step should be small");
