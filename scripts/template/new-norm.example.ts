// Write me: what a reader would want to see, with a check that it is so.
import { random } from "@evenkeel/autodiff";
import { newNorm } from "./new-norm.ts";

const norm = newNorm({ numFeatures: 3 });
const { params, state } = norm.init();
const { output } = norm.apply(random(1).normal([8, 3, 4, 4]), params, state);
console.log(output.shape);
