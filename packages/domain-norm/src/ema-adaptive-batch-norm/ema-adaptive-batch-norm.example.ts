import { random } from "@evenkeel/autodiff";
import { emaAdaptiveBatchNorm } from "@evenkeel/domain-norm";

const norm = emaAdaptiveBatchNorm({ numFeatures: 3 });
let { params, state } = norm.init();

// A stream of small batches: each enters the average first, and is normalized by it then.
const mode = { statistics: "running", update: true } as const;
const stream = random(1);
const gaps: number[] = [];
for (let k = 1; k <= 50; k++) {
  const x = stream.normal([2, 3, 2, 2], { mean: 4, std: 2 });
  ({ state } = norm.apply(x, params, state, { mode }));
  gaps.push(Math.abs(state["runningMean"]!.data[0]! - 4));
}
console.log("distance from the stream's mean after 1 and 50 batches", gaps[0], gaps.at(-1));
if (gaps.at(-1)! > 0.3) throw new Error("it should have come near");
