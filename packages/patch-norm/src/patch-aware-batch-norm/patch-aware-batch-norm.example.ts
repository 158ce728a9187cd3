import { mean, random, slice } from "@evenkeel/autodiff";
import { evaluation } from "@evenkeel/norm-core";
import { type PatchPlan, patchAwareBatchNorm } from "@evenkeel/patch-norm";

const pbn = patchAwareBatchNorm({ numFeatures: 3 });
const { params, state } = pbn.init();
const x = random(1).normal([4, 3, 8, 8]);

// Training draws where to cut and by which statistics to normalize; here from a stream of ours.
const trained = pbn.apply(x, params, state, { condition: { random: random(2) } });
console.log("patches taken in", trained.state["numBatchesTracked"]?.item());

// Or every choice is scripted: halves cut at column 3, the left one by its own statistics, the right one by
// running ones; channel 1 comes from a second version, of the whole image.
const plan: PatchPlan = {
  first: {
    colSplit: 3,
    ownStatistics: [
      [1, 1, 1],
      [0, 0, 0],
    ],
  },
  second: {},
  useSecond: [0, 1, 0],
};
const { output } = pbn.apply(x, params, state, { condition: { plan } });
const average = mean(slice(output, [0, 0, 0, 0], [4, 1, 8, 3])).item();
console.log("mean of the left half in channel 0", average);
if (Math.abs(average) > 1e-5) throw new Error("the left half is standardized by itself");

// Evaluation is that of batch norm.
pbn.apply(x, params, trained.state, { mode: evaluation });
