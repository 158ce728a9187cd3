import { random, sub } from "@evenkeel/autodiff";
import { conditionalBatchNorm } from "@evenkeel/conditional-norm";
import { evaluation } from "@evenkeel/norm-core";

// A sentence's embedding of 16 numbers steers a layer of 3 channels.
const sentence = random(1).normal([4, 16]);
const x = random(2).normal([4, 3, 8, 8]);

const options = { numFeatures: 3, embeddingSize: 16, hiddenSize: 32, dropout: 0.5 };
const bn = conditionalBatchNorm({ ...options, outInit: "zeros" });
const { params, state } = bn.init({ random: random(3) });

// Training draws the dropout from a stream of ours.
const stream = random(4);
const condition = { embedding: sentence, random: stream };
const trained = bn.apply(x, params, state, { condition });
console.log("parameters", Object.keys(params).join(", "));

// Output layers of zeros: whatever the sentence says, it starts as its base.
const other = { embedding: random(5).normal([4, 16]) };
const [a, b] = [condition, other].map(
  (c) => bn.apply(x, params, trained.state, { mode: evaluation, condition: c }).output,
);
const gap = Math.max(...sub(a!, b!).data.map(Math.abs));
if (gap !== 0) throw new Error(`expected the base for every sentence, got a gap of ${gap}`);
console.log("it starts as its base", gap === 0);
