import { random, sub } from "@evenkeel/autodiff";
import { momentShortcut, positionalMoments, positionalNorm } from "@evenkeel/positional-norm";

// An encoder's feature maps lose mean and deviation of each position...
const encoded = random(1).normal([2, 8, 4, 4], { mean: 3 });
const { output } = positionalNorm({ numFeatures: 8 }).apply(encoded, {}, {});
const moments = positionalMoments(encoded);

// ...and the decoder's get them, whatever their number of channels.
const decoded = momentShortcut(random(2).normal([2, 3, 4, 4]), moments);
console.log("decoded", decoded.shape, "with moments of", moments.mean.shape);

// Nothing in between: the shortcut undoes the norm.
const lost = Math.max(...sub(momentShortcut(output, moments), encoded).data.map(Math.abs));
console.log("largest difference", lost);
if (!(lost < 1e-5)) throw new Error("the shortcut should undo the norm");
