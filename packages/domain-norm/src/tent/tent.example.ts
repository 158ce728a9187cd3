import { mean, random } from "@evenkeel/autodiff";
import { predictionTimeBatchNorm, softmaxEntropy, tent } from "@evenkeel/domain-norm";
import { Conv2d, Flatten, Linear, norm, ReLU, Sequential, SGD } from "@evenkeel/nn";

// A network that was trained elsewhere; here its weights are drawn.
const model = new Sequential(
  new Conv2d({ inChannels: 3, outChannels: 8, kernelSize: 3, padding: 1, seed: 1 }),
  norm(predictionTimeBatchNorm, { numFeatures: 8 }),
  new ReLU(),
  new Flatten(),
  new Linear({ inFeatures: 8 * 16, outFeatures: 10, seed: 2 }),
);

// It adapts to each batch of the stream that it predicts.
const adapting = tent(model, { optimizer: (m) => new SGD(m, { lr: 0.1, momentum: 0.9 }) });
const batch = random(3).normal([32, 3, 4, 4], { mean: 1 });
const entropies = [1, 2, 3, 4].map(() => mean(softmaxEntropy(adapting.adapt(batch))).item());
console.log("entropy of its predictions, step by step", entropies);
if (!(entropies.at(-1)! < entropies[0]!)) throw new Error("it should have become surer");

// Back to the network as it was, trainable again.
adapting.restore();
