import { mean, random } from "@evenkeel/autodiff";
import { alphaBatchNorm } from "@evenkeel/domain-norm";
import { evaluation } from "@evenkeel/norm-core";

const source = random(1).normal([64, 3, 4, 4]);
const shifted = random(2).normal([4, 3, 4, 4], { mean: 2 });

// The same trained statistics, more and less of them in evaluation.
const means = [1, 0.5, 0].map((sourceWeight) => {
  const norm = alphaBatchNorm({ numFeatures: 3, momentum: 1, sourceWeight });
  const { params, state } = norm.init();
  const { state: trained } = norm.apply(source, params, state);
  const { output } = norm.apply(shifted, params, trained, { mode: evaluation });
  return mean(output).item();
});
console.log("mean of the output by source, half and half, by the batch", means);
if (!(means[0]! > means[1]! && means[1]! > means[2]!)) throw new Error("the shift should shrink");
