import { mean, random, type Tensor } from "@evenkeel/autodiff";
import { partlyAdaptiveBatchNorm } from "@evenkeel/domain-norm";
import { evaluation } from "@evenkeel/norm-core";

const source = random(1).normal([64, 3, 4, 4]);
const shifted = random(2).normal([16, 3, 4, 4], { mean: 2, std: 3 });

const evaluated = (adaptMean: boolean, adaptVar: boolean): Tensor => {
  const norm = partlyAdaptiveBatchNorm({ numFeatures: 3, momentum: 1, adaptMean, adaptVar });
  const { params, state } = norm.init();
  const { state: trained } = norm.apply(source, params, state);
  return norm.apply(shifted, params, trained, { mode: evaluation }).output;
};
const average = (t: Tensor): number => mean(t).item();

// Which part of the shift goes away by which statistic.
console.log("nothing adapted", average(evaluated(false, false)));
console.log("mean adapted", average(evaluated(true, false)));
console.log("variance adapted", average(evaluated(false, true)));
if (Math.abs(average(evaluated(true, false))) > 1e-4) throw new Error("the mean was not adapted");
