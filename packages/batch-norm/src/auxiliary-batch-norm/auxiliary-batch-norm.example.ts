import { random, sub } from "@evenkeel/autodiff";
import { auxiliaryBatchNorm } from "@evenkeel/batch-norm";
import { evaluation } from "@evenkeel/norm-core";

// Clean feature maps, and the same maps after an attack has moved them.
const stream = random(1);
const clean = stream.normal([16, 3, 4, 4]);
const attacked = stream.normal([16, 3, 4, 4], { mean: 2, std: 3 });

const norm = auxiliaryBatchNorm({ numFeatures: 3 });
const { params, state } = norm.init();

// Branch 0 for clean batches, branch 1 for attacked ones; each keeps its own statistics.
let next = state;
for (let step = 0; step < 100; step++) {
  next = norm.apply(clean, params, next, { condition: { branch: 0 } }).state;
  next = norm.apply(attacked, params, next, { condition: { branch: 1 } }).state;
}
console.log("running means of both branches", next["runningMean"]?.toArray());

// Evaluation of clean images: the attacked ones have left no trace in branch 0.
const never = auxiliaryBatchNorm({ numFeatures: 3, numBranches: 1 });
let alone = never.init().state;
for (let step = 0; step < 100; step++) {
  alone = never.apply(clean, never.init().params, alone, { condition: { branch: 0 } }).state;
}
const condition = { branch: 0 };
const one = norm.apply(clean, params, next, { mode: evaluation, condition }).output;
const two = never.apply(clean, never.init().params, alone, { mode: evaluation, condition }).output;
const gap = Math.max(...sub(one, two).data.map(Math.abs));
console.log("difference to a norm that saw clean images only", gap);
if (gap > 1e-6) throw new Error("branches should not mix");
