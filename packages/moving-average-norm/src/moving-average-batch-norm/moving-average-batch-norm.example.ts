import { mean, random, scope, square, sub } from "@evenkeel/autodiff";
import { CenteredConv2d, movingAverageBatchNorm } from "@evenkeel/moving-average-norm";
import { gradients, norm, ReLU, Sequential, SGD } from "@evenkeel/nn";

// Two images per batch; the convolution's weight is centered, because the norm subtracts no mean.
const conv = new CenteredConv2d({ inChannels: 3, outChannels: 4, kernelSize: 3, seed: 1 });
const mabn = norm(movingAverageBatchNorm, { numFeatures: 4, bufferSize: 4, warmupIters: 4 });
const model = new Sequential(conv, mabn, new ReLU());
const optimizer = new SGD(model, { lr: 0.05 });

const stream = random(2);
const losses = Array.from({ length: 40 }, () =>
  scope(() => {
    const x = stream.normal([2, 3, 6, 6]);
    const { value, grads } = gradients(model, () => mean(square(sub(model.forward(x), 0.5))));
    optimizer.step(grads);
    return value.item();
  }),
);
console.log("loss", losses[0], "to", losses.at(-1));
if (!(losses.at(-1)! < losses[0]!)) throw new Error("it should learn");

// What the backward averages is state, too, and is saved with the rest.
const kept = model.stateDict()["1.buffer_gz"]!;
if (kept.data.every((v) => v === 0)) throw new Error("the backward should have filled it");
