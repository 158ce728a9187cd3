import { concat, random, slice, sum } from "@evenkeel/autodiff";
import { splitBatchNorm } from "@evenkeel/batch-norm";
import { evaluation } from "@evenkeel/norm-core";

// One batch: four clean samples, then four that an attack has moved.
const stream = random(1);
const clean = stream.normal([4, 3, 8, 8]);
const attacked = stream.normal([4, 3, 8, 8], { mean: 5 });
const x = concat([clean, attacked]);

const norm = splitBatchNorm({ numFeatures: 3 });
const { params, state } = norm.init();
const { output, state: next } = norm.apply(x, params, state);

// Each half was normalized by its own statistics, and moved its own running ones.
const total = (half: number): number => sum(slice(output, [4 * half], [4 * half + 4])).item();
console.log("sums of the two halves", total(0), total(1));
console.log("running means, main and auxiliary", next["runningMean"]?.toArray());
if (Math.abs(total(1)) > 0.01) throw new Error("the second half is standardized, too");

// Evaluation takes the main batch norm alone, for any number of samples.
const evaluated = norm.apply(clean, params, next, { mode: evaluation });
const named = norm.apply(clean, params, next, { mode: evaluation, condition: { branch: 0 } });
if (evaluated.output.data[0] !== named.output.data[0]) throw new Error("it should be branch 0");
