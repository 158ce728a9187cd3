import { random } from "@evenkeel/autodiff";
import { batchNorm } from "@evenkeel/batch-norm";
import { Conv2d, freeze, gradients, mse, norm, ReLU, Sequential, unfreeze } from "@evenkeel/nn";

const backbone = new Sequential(
  new Conv2d({ inChannels: 3, outChannels: 4, kernelSize: 3, seed: 1 }),
  norm(batchNorm, { numFeatures: 4 }),
  new ReLU(),
);
const x = random(2).normal([2, 3, 6, 6]);
const y = random(3).normal([2, 4, 4, 4]);
const trained = (): string[] =>
  Object.keys(gradients(backbone, () => mse(backbone.forward(x), y)).grads);
const batches = (): number => backbone.stateDict()["1.num_batches_tracked"]!.item();

console.log("trained at first", trained());

freeze(backbone);
backbone.train(true); // does not undo it
const before = batches();
console.log("trained when frozen", trained());
if (batches() !== before) throw new Error("a frozen norm took in a batch");

freeze(backbone, { affine: false }); // statistics rest; unfreeze the affine by itself
unfreeze(backbone, { statistics: false });
console.log("only statistics frozen", trained());
if (batches() !== before) throw new Error("a frozen norm took in a batch");

unfreeze(backbone);
trained();
if (batches() !== before + 1) throw new Error("an unfrozen norm took in no batch");
