import { random, slice } from "@evenkeel/autodiff";
import { batchNorm, syncBatchNorm } from "@evenkeel/batch-norm";

// Two replicas of a model, with 2 samples and 3, in one process: x holds them one after the other.
const x = random(1).normal([5, 3, 4, 4], { mean: 2 });
const replicas = [2, 3];

const norm = syncBatchNorm({ numFeatures: 3 });
const { params, state } = norm.init();
const { output, state: next } = norm.apply(x, params, state, { condition: { replicas } });

// Neither replica is standardized by itself, both are together, as batch norm of all five samples.
const alone = batchNorm({ numFeatures: 3 });
const together = alone.apply(x, params, state);
const first = alone.apply(slice(x, [0], [2]), params, state).output;
const largest = (a: ArrayLike<number>): number =>
  Math.max(...Array.from(a, (v, i) => Math.abs(v - output.data[i]!)));
console.log("from batch norm of all", largest(together.output.data));
console.log("from batch norm of the first replica", largest(first.data));
if (largest(together.output.data) > 1e-6) throw new Error("it is batch norm of all samples");
if (largest(first.data) < 0.01) throw new Error("one replica's statistics are others");

// All replicas keep the same running statistics.
console.log("running means", next["runningMean"]?.toArray());
