import { concat, ones, random, tensor, zeros } from "@evenkeel/autodiff";
import { batchNorm } from "@evenkeel/batch-norm";

// Two sentences of 3 and 5 words, 4 numbers per word, padded to 5 words: [samples, channels, words].
const short = concat([random(1).normal([1, 4, 3], { mean: 2 }), zeros([1, 4, 2])], 2);
const long = random(2).normal([1, 4, 5], { mean: 2 });
const x = concat([short, long]);

const bn = batchNorm({ numFeatures: 4, momentum: 1 });
const { params, state } = bn.init();
const meanWith = (mask?: ReturnType<typeof ones>): readonly number[] => {
  const condition = mask && { mask };
  const { state: next } = bn.apply(x, params, state, { condition });
  return [...next["runningMean"]!.data].map((v) => Number(v.toFixed(2)));
};

// One weight per position: x's shape without the channel axis.
const perWord = tensor([
  [1, 1, 1, 0, 0],
  [1, 1, 1, 1, 1],
]);
console.table({ "no mask": meanWith(), "per word": meanWith(perWord) });

// One weight per sample: here the first one does not count at all.
const perSample = tensor([0, 1]);
console.log("second sample alone", meanWith(perSample));

const alone = bn.apply(long, params, state).state["runningMean"]!;
const masked = bn.apply(x, params, state, { condition: { mask: perSample } });
const apart = [...masked.state["runningMean"]!.data].map((v, c) => Math.abs(v - alone.data[c]!));
if (Math.max(...apart) > 1e-6) throw new Error("the masked sample counted");
if (meanWith(ones([2]))[0] !== meanWith()[0]) throw new Error("a mask of ones changed something");
