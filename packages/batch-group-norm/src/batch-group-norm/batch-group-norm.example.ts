import { random, type Tensor } from "@evenkeel/autodiff";
import { batchGroupNorm } from "@evenkeel/batch-group-norm";
import { evaluation } from "@evenkeel/norm-core";

// Two samples without space: a channel has two values, and its statistics say little.
const batch = (seed: number): Tensor => random(seed).normal([2, 16], { mean: 3, std: 2 });

// With a group per channel that is batch norm: every output is near −1 or 1. Two groups average over 16 values.
const sizes = [16, 2].map((numGroups) => {
  const norm = batchGroupNorm({ numFeatures: 16, numGroups });
  const { params, state } = norm.init();
  const { output } = norm.apply(batch(1), params, state);
  return new Set(output.data.map((v) => Math.round(Math.abs(v) * 10))).size;
});
console.log("different sizes of outputs, with 16 groups and with 2", sizes);
if (!(sizes[0]! < sizes[1]!)) throw new Error("batch norm should leave little but signs");

// Evaluation is by running statistics, of each group: it takes any number of samples.
const norm = batchGroupNorm({ numFeatures: 16, numGroups: 2 });
const first = norm.init();
let { state } = first;
for (let seed = 1; seed <= 100; seed++) state = norm.apply(batch(seed), first.params, state).state;
const x = random(200).normal([1, 16], { mean: 3, std: 2 });
const alone = norm.apply(x, first.params, state, { mode: evaluation }).output;
console.log("one sample alone", alone.shape, "running means", state["runningMean"]?.toArray());
if (Math.abs((state["runningMean"]?.data[0] ?? 0) - 3) > 0.5) throw new Error("the mean is 3");
