import { random, zeros } from "@evenkeel/autodiff";
import { filmBatchNorm } from "@evenkeel/conditional-norm";
import { evaluation } from "@evenkeel/norm-core";

const bn = filmBatchNorm({ numFeatures: 3, embeddingSize: 16 });
const { params, state } = bn.init({ random: random(1) });

// The same images, and two questions about them.
const x = random(2).normal([4, 3, 8, 8]);
const questions = [random(3).normal([4, 16]), zeros([4, 16])];
const trained = bn.apply(x, params, state, { condition: { embedding: questions[0]! } });

const [asked, unasked] = questions.map(
  (embedding) =>
    bn.apply(x, params, trained.state, { mode: evaluation, condition: { embedding } }).output,
);
console.log("the question matters", asked!.data[0] !== unasked!.data[0]);

// Without a question weight and bias are 1 and 0: plain running statistics.
const mean0 = trained.state["runningMean"]!.data[0]!;
const var0 = trained.state["runningVar"]!.data[0]!;
const expected = (x.data[0]! - mean0) / Math.sqrt(var0 + 1e-5);
if (Math.abs(unasked!.data[0]! - expected) > 1e-5) throw new Error("expected plain batch norm");
