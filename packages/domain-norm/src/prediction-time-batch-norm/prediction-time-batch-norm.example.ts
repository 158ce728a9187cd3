import { mean, random, square, sub, type Tensor } from "@evenkeel/autodiff";
import { predictionTimeBatchNorm } from "@evenkeel/domain-norm";
import { evaluation, training } from "@evenkeel/norm-core";

const norm = predictionTimeBatchNorm({ numFeatures: 3 });
const { params, state } = norm.init();
const source = random(1).normal([32, 3, 4, 4]);
const { state: trained } = norm.apply(source, params, state, { mode: training });

// Test images come from a camera with another brightness and contrast.
const shifted = random(2).normal([32, 3, 4, 4], { mean: 5, std: 3 });
const { output, state: after } = norm.apply(shifted, params, trained, { mode: evaluation });

const spread = (t: Tensor): number => mean(square(sub(t, mean(t)))).item();
console.log("mean and variance", mean(output).item(), spread(output));
if (Math.abs(spread(output) - 1) > 1e-3) throw new Error("the batch's statistics were not used");
if (after !== trained) throw new Error("evaluation changes no state");
