import { random } from "@evenkeel/autodiff";
import { momentsOfPlanes, samplePlanes } from "@evenkeel/norm-core";
import { sandwichAdain } from "@evenkeel/sandwich-norm";

// Features of two contents, and of two styles whose maps have another size.
const content = random(1).normal([2, 3, 8, 8]);
const style = random(2).normal([2, 3, 6, 6], { mean: 4, std: 0.5 });

const norm = sandwichAdain({ numFeatures: 3 });
const { params, state } = norm.init();
const { output } = norm.apply(content, params, state, { condition: { style } });

// At first the shared affine does nothing: every map has the mean of its style.
const got = momentsOfPlanes(output, samplePlanes(output.shape, 1)).mean;
const wanted = momentsOfPlanes(style, samplePlanes(style.shape, 1)).mean;
console.log("means of the output", got.toArray());
console.log("means of the styles", wanted.toArray());
got.data.forEach((v, i) => {
  if (Math.abs(v - wanted.data[i]!) > 1e-5) throw new Error("the means should be the style's");
});
