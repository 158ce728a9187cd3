import { add, mean, random, tensor } from "@evenkeel/autodiff";
import { lastBatchNorm } from "@evenkeel/mimic-norm";
import { evaluation } from "@evenkeel/norm-core";

// Logits of 32 samples for 3 classes, one of which the network always prefers.
const logits = add(random(1).normal([32, 3], { std: 2 }), tensor([50, 0, 0]));

const last = lastBatchNorm({ numFeatures: 3, momentum: null });
const { params, state } = last.init();
const { output, state: next } = last.apply(logits, params, state);

const means = mean(output, { axes: 0 }).data;
console.log("mean logit of each class", means);
if (!(Math.abs(means[0]!) < 1e-4)) throw new Error("no class should be preferred over a batch");

// A single sample, in evaluation.
const single = last.apply(random(2).normal([1, 3]), params, next, { mode: evaluation });
console.log("a single sample", single.output.toString());
