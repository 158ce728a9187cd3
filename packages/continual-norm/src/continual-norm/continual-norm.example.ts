import { add, mean, random, type Tensor } from "@evenkeel/autodiff";
import { continualNorm } from "@evenkeel/continual-norm";
import { evaluation } from "@evenkeel/norm-core";

// The same feature maps as two tasks might bring them: the second brighter by 3.
const first = random(1).normal([8, 8, 4, 4]);
const second = add(first, 3);

const cn = continualNorm({ numFeatures: 8, numGroups: 2 });
const { params, state } = cn.init();

// Train on the second task alone, then look at the first: its statistics fit, because a sample's own level
// is gone before the batch's statistics are taken.
let trained = state;
for (let step = 0; step < 20; step++) trained = cn.apply(second, params, trained).state;
const level = (x: Tensor): number =>
  mean(cn.apply(x, params, trained, { mode: evaluation }).output).item();
console.log("level of each task's output", level(first), level(second));
if (Math.abs(level(first) - level(second)) > 1e-4) throw new Error("the tasks should look alike");
