import { concat, gather, mean, random, slice, square, zeros } from "@evenkeel/autodiff";
import { bigganBatchNorm } from "@evenkeel/conditional-norm";

// What BigGAN's blocks are told: a class embedding that all share, beside a slice of the noise.
const shared = random(1).normal([10, 12]);
const noise = random(2).normal([4, 8]);
const embedding = concat([gather(shared, [3, 1, 4, 1]), slice(noise, [0, 0], [4, 4])], 1);

const bn = bigganBatchNorm({ numFeatures: 6, embeddingSize: 16 });
const { params, state } = bn.init({ random: random(3) });
const x = random(4).normal([4, 6, 8, 8]);
const { output } = bn.apply(x, params, state, { condition: { embedding } });
console.log("output", output.shape);

// An embedding of zeros has gain 0: batch norm without an affine.
const plain = bn.apply(x, params, state, { condition: { embedding: zeros([4, 16]) } }).output;
const deviation = Math.sqrt(mean(square(plain)).item());
if (Math.abs(deviation - 1) > 1e-3) throw new Error(`expected deviation 1, got ${deviation}`);
console.log("deviation without a gain", deviation.toFixed(3));
