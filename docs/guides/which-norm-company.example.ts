import { concat, random, slice, type Tensor } from "@evenkeel/autodiff";
import { batchNorm } from "@evenkeel/batch-norm";
import { groupNorm } from "@evenkeel/group-norm";
import type { BoundNorm } from "@evenkeel/norm-core";

const stream = random(1);
const features = 8;
const probe = stream.normal([1, features]);

/** How far a sample's output moves, on average, when the rest of its batch is another. */
function unrest(norm: BoundNorm, batchSize: number): number {
  const { params, state } = norm.init();
  const outputs = Array.from({ length: 100 }, (): ArrayLike<number> => {
    const batch: Tensor = concat([probe, stream.normal([batchSize - 1, features])]);
    return slice(norm.apply(batch, params, state).output, [0, 0], [1, features]).data.slice();
  });
  let squares = 0;
  for (let c = 0; c < features; c++) {
    const values = outputs.map((output) => output[c]!);
    const mean = values.reduce((a, b) => a + b) / values.length;
    squares += values.reduce((sum, v) => sum + (v - mean) ** 2, 0) / values.length;
  }
  return Math.sqrt(squares / features);
}

const bn = batchNorm({ numFeatures: features });
const gn = groupNorm({ numGroups: 2, numChannels: features });
const rows = [2, 4, 8, 16, 32, 64].map((batchSize) => ({
  batchSize,
  batchNorm: unrest(bn, batchSize).toFixed(3),
  groupNorm: unrest(gn, batchSize).toFixed(3),
}));
console.table(rows);

// With two samples and one value each, batch norm leaves a sign.
const { params, state } = bn.init();
const { output } = bn.apply(stream.normal([2, features]), params, state);
console.log("two samples", Array.from(output.data, (v) => v.toFixed(3)).join(" "));
if (!output.data.every((v) => Math.abs(Math.abs(v) - 1) < 0.05))
  throw new Error("more than a sign");
if (rows.some((row) => row.groupNorm !== "0.000")) throw new Error("group norm saw the company");
