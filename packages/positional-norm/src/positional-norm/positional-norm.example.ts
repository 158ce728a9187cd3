import { mean, random, tensor } from "@evenkeel/autodiff";
import { positionalMoments, positionalNorm } from "@evenkeel/positional-norm";

// Feature maps of two images, 8 channels at 4×4 positions, whose right half is brighter.
const noise = random(1).normal([2, 8, 4, 4]);
const x = tensor(
  noise.data.map((v, i) => v + (i % 4 < 2 ? 0 : 5)),
  { shape: noise.shape },
);

const pono = positionalNorm({ numFeatures: 8 });
const { params, state } = pono.init();
const { output } = pono.apply(x, params, state);

// The structure has left the output; it is in the moments, a picture of one channel.
const brightness = (data: ArrayLike<number>): number =>
  Array.from(data).reduce((sum, v, i) => sum + (i % 4 < 2 ? -v : v), 0) / data.length;
const structure = brightness(positionalMoments(x).mean.data);
console.log("right minus left, in the moments", structure);
console.log("and in the output", brightness(mean(output, { axes: 1 }).data));
if (!(structure > 2)) throw new Error("the moments should show the bright half");
