import { add, random } from "@evenkeel/autodiff";
import { featureSimilarity, unifiedBatchNorm } from "@evenkeel/unified-norm";

const ubn = unifiedBatchNorm({ numFeatures: 3, condensationThreshold: 0.9 });
const { params, state } = ubn.init();

// Samples that point everywhere: the running statistics take them in.
const spread = random(1).normal([8, 3, 6, 6]);
const healthy = ubn.apply(spread, params, state).state;

// Samples that all point the same way: they are left out, and counted.
const alike = add(random(2).normal([8, 3, 6, 6], { std: 0.1 }), 5);
const condensed = ubn.apply(alike, params, healthy).state;
console.log("similarity", featureSimilarity(spread).item(), featureSimilarity(alike).item());
console.log(
  "running mean before and after",
  healthy["runningMean"]!.data,
  condensed["runningMean"]!.data,
);
if (condensed["runningMean"]!.data[0] !== healthy["runningMean"]!.data[0]) throw new Error("moved");
if (condensed["numCondensed"]!.item() !== 1) throw new Error("it should be counted");
