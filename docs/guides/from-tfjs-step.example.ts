import { mean, random, scope, square, sub, type Tensor, valueAndGrad } from "@evenkeel/autodiff";
import { batchNorm } from "@evenkeel/batch-norm";
import { gradients, Linear, mse, norm, Sequential, SGD } from "@evenkeel/nn";

// tfjs: channels last, momentum 0.99 of the old statistics, epsilon 1e-3, biased variance
const model = new Sequential(
  new Linear({ inFeatures: 4, outFeatures: 8, seed: 1 }),
  norm(batchNorm, { numFeatures: 8, momentum: 0.01, eps: 1e-3, unbiasedRunningVar: false }),
  new Linear({ inFeatures: 8, outFeatures: 1, seed: 2 }),
);
const optimizer = new SGD(model, { lr: 0.05 });
const x = random(3).normal([32, 4]);
const y = random(4).normal([32, 1]);

// tf.tidy(() => optimizer.minimize(() => loss(), true)) and dataSync() of what it returns
const step = (): number =>
  scope(() => {
    const { value, grads } = gradients(model, () => mse(model.forward(x), y));
    optimizer.step(grads);
    return value.item();
  });
const first = step();
for (let i = 0; i < 50; i++) step();
console.log("loss", first.toFixed(3), "then", step().toFixed(3));

// tf.valueAndGrad(f)(w): the same name, and any nesting of tensors
const loss = (w: Tensor): Tensor => mean(square(sub(w, 3)));
const { value, grads } = valueAndGrad(loss)(x);
console.log(value.item(), grads.shape);
if (!(step() < first)) throw new Error("the loss did not fall");
