import { random, slice, sum } from "@evenkeel/autodiff";
import { batchNorm, ghostBatchNorm } from "@evenkeel/batch-norm";

// A large batch of 64, normalized in chunks of 16.
const x = random(1).normal([64, 3, 4, 4], { mean: 2 });
const norm = ghostBatchNorm({ numFeatures: 3, ghostBatchSize: 16 });
const { params, state } = norm.init();
const { output, state: next } = norm.apply(x, params, state);

// Every chunk sums up to 0, and moved the running statistics like a batch of its own.
const chunkSums = [0, 16, 32, 48].map((from) => sum(slice(output, [from], [from + 16])).item());
console.log("sums of the chunks", chunkSums, "batches", next["numBatchesTracked"]?.item());
if (chunkSums.some((s) => Math.abs(s) > 0.01)) throw new Error("a chunk is not centered");
if (next["numBatchesTracked"]?.item() !== 4) throw new Error("four chunks were seen");

// It is batch norm, called chunk by chunk.
const plain = batchNorm({ numFeatures: 3 });
const chunk = plain.apply(slice(x, [0], [16]), params, state).output;
const gap = Math.max(...chunk.data.map((v, i) => Math.abs(v - output.data[i]!)));
if (gap > 1e-5) throw new Error(`the first chunk differs by ${gap}`);
