import { random, slice } from "@evenkeel/autodiff";
import { evonormS0 } from "@evenkeel/group-norm";

// Norm and activation in one, for batches of any size: no ReLU follows.
const norm = evonormS0({ numFeatures: 8, numGroups: 2 });
const { params, state } = norm.init();
const x = random(1).normal([4, 8, 8, 8], { std: 4 });
const { output } = norm.apply(x, params, state);

// What is negative nearly vanishes, as under a swish.
const least = Math.min(...output.data);
const most = Math.max(...output.data);
console.log("outputs from", least.toFixed(2), "to", most.toFixed(2));
if (!(most > 2 && least > -0.5)) throw new Error("it is one-sided");

// A sample alone gives what it gives in the batch.
const alone = norm.apply(slice(x, [0], [1]), params, state).output;
if (alone.data[5] !== output.data[5]) throw new Error("the rest of the batch should not matter");
