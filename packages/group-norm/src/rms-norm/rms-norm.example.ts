import { mean, random, square } from "@evenkeel/autodiff";
import { rmsNorm } from "@evenkeel/group-norm";

const x = random(1).normal([2, 5, 6], { mean: 1, std: 3 });

const norm = rmsNorm({ normalizedShape: 6 });
const { params, state } = norm.init();
const { output } = norm.apply(x, params, state);

console.log("mean squares of the tokens", mean(square(output), { axes: -1 }).toArray());
