import { mean, random, square, valueAndGrad } from "@evenkeel/autodiff";
import { batchNorm } from "@evenkeel/batch-norm";
import { evaluation } from "@evenkeel/norm-core";

// Feature maps of 8 samples with 3 channels of 4×4, far from the origin.
const x = random(1).normal([8, 3, 4, 4], { mean: 5, std: 2 });

const bn = batchNorm({ numFeatures: 3 });
const { params, state } = bn.init();

// Training: the batch's own statistics. The next state comes out; nothing is changed in place.
const { output, state: next } = bn.apply(x, params, state);
console.log("mean after the norm", mean(output).item().toFixed(6));
console.log("running mean", next["runningMean"]?.toArray());

// Evaluation: running statistics, and the state comes back as it was.
const calm = bn.apply(x, params, next, { mode: evaluation });
console.log("nothing was updated:", calm.state === next);

// Gradients of any argument, nested as the argument is.
const loss = (p: typeof params) => mean(square(bn.apply(x, p, state).output));
const { value, grads } = valueAndGrad(loss)(params);
console.log("loss", value.item().toFixed(4));
console.log("gradient of the weight", grads["weight"]?.toArray());

if (Math.abs(mean(output).item()) > 1e-6) throw new Error("the output is not centered");
if (calm.state !== next) throw new Error("evaluation changed the state");
