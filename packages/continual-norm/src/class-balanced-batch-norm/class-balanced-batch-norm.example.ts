import { concat, gather, random } from "@evenkeel/autodiff";
import { classBalancedBatchNorm, samplesPerClass } from "@evenkeel/continual-norm";
import { evaluation } from "@evenkeel/norm-core";

// Twenty new samples of class 2, brighter by 3, and a memory of two each of classes 0 and 1.
const stream = random(1);
const fresh = stream.normal([20, 3, 4, 4], { mean: 3 });
const memory = stream.normal([4, 3, 4, 4]);
const images = concat([fresh, memory]);
const labels = [...Array<number>(20).fill(2), 0, 0, 1, 1];

const bn = classBalancedBatchNorm({ numFeatures: 3, momentum: 1 });
const { params, state } = bn.init();

// 1. The weights learn from the batch as it is: running statistics take nothing in.
const step = bn.apply(images, params, state);
if (step.state !== state) throw new Error("the state should rest");

// 2. The running statistics take in a batch with four samples of every class.
const rows = samplesPerClass(labels, { perClass: 4, random: stream, repeat: true });
const condition = { balanced: true };
const { state: next } = bn.apply(gather(images, rows), params, state, { condition });
const stored = next["runningMean"]!.data[0]!;
console.log("running mean", stored); // a third of 3, where the batch as it was has five sixths
if (Math.abs(stored - 1) > 0.5) throw new Error("one class of three is brighter by 3");

bn.apply(memory, params, next, { mode: evaluation });
