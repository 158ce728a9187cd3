import { full, mul, random } from "@evenkeel/autodiff";
import { filterResponseNorm } from "@evenkeel/group-norm";

// Norm and activation in one: no ReLU follows, and the threshold is learned.
const frn = filterResponseNorm({ numFeatures: 3 });
const { params, state } = frn.init();
const x = random(1).normal([1, 3, 8, 8]); // a batch of one
const { output } = frn.apply(x, params, state);
console.log("smallest output", Math.min(...output.data));

// At first the threshold is 0, a ReLU; at −1 a part of what is negative gets through.
const lower = { ...params, tau: full([3], -1) };
const least = Math.min(...frn.apply(x, lower, state).output.data);
if (least !== -1) throw new Error(`expected the threshold, got ${least}`);

// The scale of a filter's response does not matter.
const louder = frn.apply(mul(x, 100), params, state).output;
const gap = Math.max(...louder.data.map((v, i) => Math.abs(v - output.data[i]!)));
if (gap > 1e-4) throw new Error(`scale matters: ${gap}`);
