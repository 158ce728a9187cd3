import { random, type Tensor } from "@evenkeel/autodiff";
import { batchNorm, batchRenorm } from "@evenkeel/batch-norm";
import { type BoundNorm, evaluation } from "@evenkeel/norm-core";

// Small batches: 4 samples, 8 values per channel.
const batch = (seed: number): Tensor => random(seed).normal([4, 3, 2], { mean: 2, std: 3 });

/** How far the output in training is from the one in evaluation, at the end of 500 batches. */
function gapOf(norm: BoundNorm): number {
  const { params, state } = norm.init();
  let seen = state;
  for (let seed = 1; seed <= 500; seed++) seen = norm.apply(batch(seed), params, seen).state;
  const x = batch(501);
  const trained = norm.apply(x, params, seen).output;
  const evaluated = norm.apply(x, params, seen, { mode: evaluation }).output;
  return Math.max(...trained.data.map((v, i) => Math.abs(v - evaluated.data[i]!)));
}

// The bounds grow for 200 batches after a warm-up of 100; then training is what evaluation will be.
const schedule = { warmupSteps: 100, rMaxSteps: 300, dMaxSteps: 300 };
const renorm = gapOf(batchRenorm({ numFeatures: 3, momentum: 0.1, ...schedule }));
const plain = gapOf(batchNorm({ numFeatures: 3 }) as BoundNorm);
console.log("batch renorm", renorm.toFixed(6), "batch norm", plain.toFixed(6));
if (renorm > 1e-4 || plain < 0.05) throw new Error("renormalization should close the gap");
