import { mean, random, type Tensor } from "@evenkeel/autodiff";
import { batchNormEmbeddings, forwardMixture } from "@evenkeel/domain-norm";
import { Conv2d, Flatten, GlobalAvgPool2d, Linear, norm, ReLU, Sequential } from "@evenkeel/nn";

// Three domains that differ in brightness and contrast.
const styles = [
  { mean: 0, std: 1 },
  { mean: -2, std: 0.5 },
  { mean: 3, std: 2 },
];
const images = (seed: number, style: { mean: number; std: number }): Tensor =>
  random(seed).normal([16, 3, 8, 8], style);

const layer = norm(batchNormEmbeddings, { numFeatures: 3, numDomains: 3 });
const model = new Sequential(
  layer,
  new Conv2d({ inChannels: 3, outChannels: 8, kernelSize: 3, padding: 1, seed: 1 }),
  norm(batchNormEmbeddings, { numFeatures: 8, numDomains: 3 }),
  new ReLU(),
  new GlobalAvgPool2d(),
  new Flatten(),
  new Linear({ inFeatures: 8, outFeatures: 5, seed: 2 }),
);

// Training goes by domain; here only the statistics are collected.
for (let step = 0; step < 60; step++) {
  styles.forEach(
    (style, domain) => void model.forward(images(3 * step + domain, style), { domain }),
  );
}

// A domain that nobody has seen, near the second one: its branch counts most.
const { output, weights } = forwardMixture(model.eval(), images(999, { mean: -1.6, std: 0.6 }));
const share = [...mean(weights, { axes: 0 }).data];
console.log("logits", output.shape, "mean weight of each domain", share);
if (Math.max(...share) !== share[1]) throw new Error("the nearest domain should count most");
