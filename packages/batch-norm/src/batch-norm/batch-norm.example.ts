import { random } from "@evenkeel/autodiff";
import { batchNorm } from "@evenkeel/batch-norm";
import { evaluation, training } from "@evenkeel/norm-core";

// Feature maps of a batch: 8 samples, 3 channels, 4×4; the channels differ in mean and spread.
const x = random(1).normal([8, 3, 4, 4], { mean: 5, std: 2 });

const bn = batchNorm({ numFeatures: 3 });
const { params, state } = bn.init();

// Training: the batch's own statistics; the next state comes back, nothing is changed in place.
const trained = bn.apply(x, params, state, { mode: training });
console.log("running mean after one batch", trained.state["runningMean"]?.toArray());

// Evaluation: running statistics, the same for every batch.
const evaluated = bn.apply(x, params, trained.state, { mode: evaluation });
console.log("output", evaluated.output.toString());

// Padding: samples with mask 0 do not count in the statistics.
const mask = random(2).uniform([8], { low: 1, high: 1 });
const masked = bn.apply(x, params, state, { condition: { mask } });
console.log("a mask of ones changes nothing", masked.output.data[0] === trained.output.data[0]);
