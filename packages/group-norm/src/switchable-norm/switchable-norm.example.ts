import { random, softmax, tensor } from "@evenkeel/autodiff";
import { instanceNorm, switchableNorm } from "@evenkeel/group-norm";
import { evaluation } from "@evenkeel/norm-core";

const sn = switchableNorm({ numFeatures: 4, unbiasedInstanceVar: false });
const { params, state } = sn.init();
const x = random(1).normal([2, 4, 8, 8], { mean: 3 });
const { output, state: next } = sn.apply(x, params, state);

// At first instance, layer and batch statistics count alike.
console.log("shares", softmax(params["meanWeight"]!).toArray(), output.shape);

// A layer that has learned to look at the instance only is instance norm.
const only = tensor([100, 0, 0]);
const learned = { ...params, meanWeight: only, varWeight: only };
const got = sn.apply(x, learned, next, { mode: evaluation }).output;
const expected = instanceNorm({ numFeatures: 4 }).apply(x, {}, {}).output;
const gap = Math.max(...got.data.map((v, i) => Math.abs(v - expected.data[i]!)));
if (gap > 1e-5) throw new Error(`instance norm differs by ${gap}`);
