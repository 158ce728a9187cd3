import { mean, random } from "@evenkeel/autodiff";
import { batchNorm } from "@evenkeel/batch-norm";
import type { Mode } from "@evenkeel/norm-core";

const bn = batchNorm({ numFeatures: 2 });
const { params, state } = bn.init();
const x = random(1).normal([32, 2], { mean: 4 });

const modes: readonly Mode[] = [
  { statistics: "batch", update: true }, // `training`
  { statistics: "running", update: false }, // `evaluation`
  { statistics: "batch", update: false },
  { statistics: "running", update: true },
];
const rows = modes.map((mode) => {
  const { output, state: next } = bn.apply(x, params, state, { mode });
  return { ...mode, meanOfOutput: mean(output).item().toFixed(2), updated: next !== state };
});
console.table(rows);

if (rows.some(({ update, updated }) => update !== updated)) throw new Error("an unasked update");
