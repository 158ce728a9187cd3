import { add, concat, mean, mul, random, square } from "@evenkeel/autodiff";
import { instanceNorm } from "@evenkeel/group-norm";

// Two images of different contrast leave with the same.
const image = random(1).normal([1, 3, 8, 8]);
const x = concat([image, add(mul(image, 10), 4)]);

const norm = instanceNorm({ numFeatures: 3 });
const { params, state } = norm.init();
const { output } = norm.apply(x, params, state);

console.log("mean squares of the images", mean(square(output), { axes: [1, 2, 3] }).toArray());
