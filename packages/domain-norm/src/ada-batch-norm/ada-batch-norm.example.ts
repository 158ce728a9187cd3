import { random } from "@evenkeel/autodiff";
import { adaBatchNorm, collectStatistics } from "@evenkeel/domain-norm";
import { Conv2d, norm, ReLU, Sequential } from "@evenkeel/nn";

const first = norm(adaBatchNorm, { numFeatures: 4 });
const model = new Sequential(
  new Conv2d({ inChannels: 3, outChannels: 4, kernelSize: 3, padding: 1, seed: 1 }),
  first,
  new ReLU(),
);
// In the place of training: the statistics of some source batches.
for (const seed of [1, 2, 3]) model.forward(random(seed).normal([8, 3, 8, 8]));

// The network will work on brighter images. Some of them, without labels, are enough.
const target = [4, 5, 6].map((seed) => random(seed).normal([16, 3, 8, 8], { mean: 3 }));
const batches = collectStatistics(model, target);
console.log(`${batches} batches,`, first.state["sampleCount"]!.value.item(), "values per channel");

const calm = model.eval().forward(random(7).normal([2, 3, 8, 8], { mean: 3 }));
console.log("evaluation of as few as you like", calm.shape);
if (first.state["sampleCount"]!.value.item() !== 3 * 16 * 64) throw new Error("count");
