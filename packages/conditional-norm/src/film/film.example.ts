import { mean, random } from "@evenkeel/autodiff";
import { film, filmGenerator } from "@evenkeel/conditional-norm";

// A question state of 16 numbers for each of 2 images decides what becomes of 3 channels.
const question = random(1).normal([2, 16]);
const weight = random(2).normal([6, 16], { std: 0.1 });
const condition = filmGenerator(question, weight);

const x = random(3).normal([2, 3, 8, 8]);
const { output } = film({ numFeatures: 3 }).apply(x, {}, {}, { condition });

// Each channel of each image: mean and deviation times gamma, plus beta.
const [before, after] = [x, output].map((t) => mean(t, { axes: [2, 3] }).data[4]!);
const expected = condition.gamma.data[4]! * before! + condition.beta.data[4]!;
if (Math.abs(after! - expected) > 1e-5) throw new Error(`expected ${expected}, got ${after}`);
console.log("channel 1 of image 1 has mean", after?.toFixed(4));
