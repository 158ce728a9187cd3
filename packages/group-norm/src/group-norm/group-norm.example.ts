import { mean, random, slice } from "@evenkeel/autodiff";
import { groupNorm } from "@evenkeel/group-norm";

// One sample is enough: the statistics are its own.
const x = random(1).normal([1, 8, 4, 4], { mean: 3 });

const gn = groupNorm({ numGroups: 2, numChannels: 8 });
const { params, state } = gn.init();
const { output } = gn.apply(x, params, state);

const group = slice(output, [0, 0], [1, 4]);
console.log("mean of the first group", mean(group).item().toFixed(6));
