import { grad, random, sum, type Tensor } from "@evenkeel/autodiff";
import { binaryActivation } from "@evenkeel/norm-free";

const x = random(1).normal([8]);
const signs = binaryActivation(x);
const slopes = grad((at: Tensor) => sum(binaryActivation(at)))(x);
x.data.forEach((v, i) => {
  console.log(v.toFixed(3), "has the sign", signs.data[i], "and the slope", slopes.data[i]);
});

// The nearer to 0, the more a number can still change its sign.
const near = x.data.indexOf([...x.data].sort((a, b) => Math.abs(a) - Math.abs(b))[0]!);
if (slopes.data[near] !== Math.max(...slopes.data)) throw new Error("unexpected slopes");
