import { random } from "@evenkeel/autodiff";
import { evaluation } from "@evenkeel/norm-core";
import { sandwichAuxBatchNorm } from "@evenkeel/sandwich-norm";

const stream = random(1);
const clean = stream.normal([16, 3, 4, 4]);
const attacked = stream.normal([16, 3, 4, 4], { mean: 2, std: 3 });

const norm = sandwichAuxBatchNorm({ numFeatures: 3 });
const { params, state } = norm.init({ random: random(2) });

// Each branch keeps its own statistics: 0 for clean batches, 1 for attacked ones.
const one = norm.apply(clean, params, state, { condition: { branch: 0 } });
const both = norm.apply(attacked, params, one.state, { condition: { branch: 1 } });
console.log("running means of both branches", both.state["runningMean"]?.toArray());

// A branch that no batch went through has no statistics to evaluate by, and says so.
try {
  norm.apply(clean, params, one.state, { mode: evaluation, condition: { branch: 1 } });
  throw new Error("it should have been refused");
} catch (error) {
  console.log((error as Error).message);
  if (!(error as Error).message.includes("never been trained")) throw error;
}
