import { mean, random } from "@evenkeel/autodiff";
import { layerNorm } from "@evenkeel/group-norm";

// Five tokens of six features in each of two sequences; every token is normalized by itself.
const x = random(1).normal([2, 5, 6], { mean: -2, std: 3 });

const ln = layerNorm({ normalizedShape: 6 });
const { params, state } = ln.init();
const { output } = ln.apply(x, params, state);

console.log("means of the tokens", mean(output, { axes: -1 }).toArray());
