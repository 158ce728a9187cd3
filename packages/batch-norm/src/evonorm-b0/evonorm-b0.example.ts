import { random } from "@evenkeel/autodiff";
import { evonormB0 } from "@evenkeel/batch-norm";
import { evaluation } from "@evenkeel/norm-core";

// Norm and activation in one: no ReLU follows.
const norm = evonormB0({ numFeatures: 3 });
const { params, state } = norm.init();
const x = random(1).normal([16, 3, 8, 8], { std: 4 });
const { output, state: next } = norm.apply(x, params, state);

// With v = 1 large numbers come out below 1, and negative ones nearly as batch norm would have them.
const [least, most] = [Math.min(...output.data), Math.max(...output.data)];
console.log("outputs from", least.toFixed(2), "to", most.toFixed(2));
if (!(most < 1 && least < -1)) throw new Error("it is one-sided");

// Evaluation takes the running variance of the channel, and each sample's own.
const evaluated = norm.apply(x, params, next, { mode: evaluation });
console.log("running variance", next["runningVar"]?.toArray(), evaluated.output.shape);
