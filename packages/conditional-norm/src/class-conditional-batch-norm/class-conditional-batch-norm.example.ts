import { mean, random, sub, tensor } from "@evenkeel/autodiff";
import { classConditionalBatchNorm } from "@evenkeel/conditional-norm";
import { evaluation } from "@evenkeel/norm-core";

// Feature maps of a generator: 4 samples, 3 channels, 8×8, each to become one of 10 classes.
const x = random(1).normal([4, 3, 8, 8]);
const bn = classConditionalBatchNorm({ numFeatures: 3, numClasses: 10, gammaStd: 0.02 });
const { params, state } = bn.init({ random: random(2) });

const trained = bn.apply(x, params, state, { condition: { classes: [3, 1, 4, 1] } });
console.log("rows of the table", params["gammaEmbed"]?.shape);
console.log("mean of the batch", mean(trained.output).item().toFixed(4));

// Soft classes: halfway between class 3 and class 4, for a morph from one to the other.
const half = tensor([0, 0, 0, 0.5, 0.5, 0, 0, 0, 0, 0], { shape: [1, 10] });
const one = random(3).normal([1, 3, 8, 8]);
const draw = (classes: typeof half | number[]) =>
  bn.apply(one, params, trained.state, { mode: evaluation, condition: { classes } }).output;
const [morph, first, second] = [draw(half), draw([3]), draw([4])];
const gap = Math.abs(sub(morph, first).data[5]! + sub(morph, second).data[5]!);
if (gap > 1e-5) throw new Error("half a class is halfway");
console.log("halfway between two classes", gap < 1e-5);
