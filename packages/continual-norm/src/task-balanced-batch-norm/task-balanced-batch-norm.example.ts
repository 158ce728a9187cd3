import { concat, random } from "@evenkeel/autodiff";
import { numTaskSplits, taskBalancedBatchNorm } from "@evenkeel/continual-norm";
import { evaluation } from "@evenkeel/norm-core";

// The third task (number 2): twelve samples of it and four from the memory of the first two.
const stream = random(1);
const current = stream.normal([12, 3, 4, 4], { mean: 4 });
const remembered = stream.normal([4, 3, 4, 4]);
const x = concat([current, remembered]);
const condition = { task: 2, memory: [...Array<number>(12).fill(0), ...Array<number>(4).fill(1)] };

const bn = taskBalancedBatchNorm({ numFeatures: 3 });
const { params, state } = bn.init();
console.log("blocks", numTaskSplits(2, 12, 4)); // 4: three current samples and all four of memory in each

// Plain batch norm would store a mean of 3, three quarters of the way to the current task.
const trained = bn.apply(x, params, state, { condition }).state;
const stored = trained["runningMean"]!.data[0]! / 0.1;
console.log("mean of the balanced batch", stored);
if (Math.abs(stored - (3 / 7) * 4) > 0.3) throw new Error("3 of 7 samples in a block are current");

// Evaluation is that of batch norm, and needs to be told nothing.
bn.apply(remembered, params, trained, { mode: evaluation });
