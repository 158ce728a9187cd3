import { add, mul, random, scope, slice, type Tensor } from "@evenkeel/autodiff";
import { batchNorm } from "@evenkeel/batch-norm";
import { groupNorm } from "@evenkeel/group-norm";
import { Conv2d, gradients, type Module, mse, norm, ReLU, Sequential, SGD } from "@evenkeel/nn";

type Grads = Record<string, Tensor>;

const x = random(1).normal([8, 2, 6, 6], { mean: 1 });
const y = random(2).normal([8, 4, 4, 4]);
const rows = (t: Tensor, from: number, to: number): Tensor =>
  slice(t, [from, 0, 0, 0], [to, ...t.shape.slice(1)]);

/** The mean of the gradients of equal micro-batches. */
function accumulate(model: Module, size: number): Grads {
  const parts = x.shape[0]! / size;
  let total: Grads = {};
  for (let i = 0; i < parts; i++) {
    total = scope(() => {
      const [a, b] = [rows(x, i * size, (i + 1) * size), rows(y, i * size, (i + 1) * size)];
      const { grads } = gradients(model, () => mse(model.forward(a), b));
      const sum = ([name, g]: [string, Tensor]): [string, Tensor] => {
        const share = mul(g, 1 / parts);
        return [name, total[name] ? add(total[name], share) : share];
      };
      return Object.fromEntries(Object.entries(grads).map(sum));
    });
  }
  return total;
}

const conv = (): Conv2d => new Conv2d({ inChannels: 2, outChannels: 4, kernelSize: 3, seed: 3 });
const withGroups = () =>
  new Sequential(conv(), norm(groupNorm, { numGroups: 2, numChannels: 4 }), new ReLU());
const withBatch = () => new Sequential(conv(), norm(batchNorm, { numFeatures: 4 }), new ReLU());

const gap = (make: () => Module): number => {
  const [whole, parts] = [accumulate(make(), 8), accumulate(make(), 2)];
  const differences = Object.keys(whole).flatMap((name) =>
    Array.from(whole[name]!.data, (v, i) => Math.abs(v - parts[name]!.data[i]!)),
  );
  return Math.max(...differences);
};
const gaps = { groupNorm: gap(withGroups), batchNorm: gap(withBatch) };
console.log("largest difference between one batch of 8 and four of 2", gaps);

const model = withGroups();
new SGD(model, { lr: 0.1 }).step(accumulate(model, 2)); // one step for four micro-batches

if (gaps.groupNorm > 1e-5) throw new Error("group norm should not mind");
if (gaps.batchNorm < 1e-3) throw new Error("batch norm should see smaller batches");
