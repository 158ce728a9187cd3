import { random, scope, tensor, useBackend } from "@evenkeel/autodiff";
import { batchNorm } from "@evenkeel/batch-norm";
import {
  Conv2d,
  crossEntropy,
  GlobalAvgPool2d,
  gradients,
  Linear,
  norm,
  ReLU,
  Sequential,
  SGD,
} from "@evenkeel/nn";
import { wasm } from "@evenkeel/wasm";

useBackend(wasm());

// 64 images of 8×8 in two classes: stripes that run down or across, with noise.
const stream = random(1);
const labels = Array.from({ length: 64 }, (_, n) => n % 2);
const noise = stream.normal([64, 1, 8, 8], { std: 0.5 });
const pixels = noise.data.map((v, i) => v + Math.sin(labels[i >> 6] ? i & 7 : (i >> 3) & 7));
const images = tensor(pixels, { shape: [64, 1, 8, 8] });

const model = new Sequential(
  new Conv2d({ inChannels: 1, outChannels: 8, kernelSize: 3, padding: 1, bias: false, seed: 2 }),
  norm(batchNorm, { numFeatures: 8 }),
  new ReLU(),
  new GlobalAvgPool2d(),
  new Linear({ inFeatures: 8, outFeatures: 2, seed: 3 }),
);
const optimizer = new SGD(model, { lr: 0.2, momentum: 0.9 });

// One step: the loss, its gradients, and memory given back.
const step = (): number =>
  scope(() => {
    const { value, grads } = gradients(model, () => crossEntropy(model.forward(images), labels));
    optimizer.step(grads);
    return value.item();
  });

const losses: { readonly step: number; readonly loss: number }[] = [];
for (let i = 0; i <= 60; i++) {
  const loss = step();
  if (i % 10 === 0) losses.push({ step: i, loss });
}
console.table(losses);

// Evaluation goes by the running statistics.
model.eval();
const logits = scope(() => model.forward(images).data.slice());
const right = labels.filter((label, n) => logits[2 * n + 1]! > logits[2 * n]! === (label === 1));
console.log(`${right.length} of 64 right`);
if (right.length < 60) throw new Error("it should have learned the stripes");
