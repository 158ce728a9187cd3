import {
  type Backend,
  cpu,
  random,
  scope,
  type Tensor,
  tensor,
  useBackend,
} from "@evenkeel/autodiff";
import { batchNorm } from "@evenkeel/batch-norm";
import { groupNorm } from "@evenkeel/group-norm";
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

const steps = 12;
const [samples, side] = [8, 8];

/** The losses of a small network with two norms that learns the direction of stripes. */
export function shortTraining(backend: Backend): number[] {
  useBackend(backend);
  try {
    const model = new Sequential(
      new Conv2d({ inChannels: 1, outChannels: 6, kernelSize: 3, padding: 1, seed: 1 }),
      norm(batchNorm, { numFeatures: 6 }),
      new ReLU(),
      new Conv2d({ inChannels: 6, outChannels: 6, kernelSize: 3, stride: 2, seed: 2 }),
      norm(groupNorm, { numGroups: 2, numChannels: 6 }),
      new ReLU(),
      new GlobalAvgPool2d(),
      new Linear({ inFeatures: 6, outFeatures: 2, seed: 3 }),
    );
    const optimizer = new SGD(model, { lr: 0.1, momentum: 0.9 });
    const noise = random(4);
    return Array.from({ length: steps }, () =>
      scope(() => {
        const labels = Array.from({ length: samples }, (_, n) => n % 2);
        const x = stripes(labels, noise.normal([samples, 1, side, side], { std: 0.3 }).data);
        const { value, grads } = gradients(model, () => crossEntropy(model.forward(x), labels));
        optimizer.step(grads);
        return value.item();
      }),
    );
  } finally {
    useBackend(cpu);
  }
}

/** Label 0 lies down and label 1 stands up, on a given background. */
function stripes(labels: readonly number[], background: ArrayLike<number>): Tensor {
  const at = Float32Array.from(background, (v, i) => {
    const [row, column] = [Math.floor(i / side) % side, i % side];
    return v + Math.sin(labels[Math.floor(i / side ** 2)] ? column : row);
  });
  return tensor(at, { shape: [labels.length, 1, side, side] });
}
