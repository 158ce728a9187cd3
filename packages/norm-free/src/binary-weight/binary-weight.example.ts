import { mean, random, square, sub } from "@evenkeel/autodiff";
import { gradients, SGD } from "@evenkeel/nn";
import { BinaryStandardizedConv2d, binaryActivation } from "@evenkeel/norm-free";

// A convolution of signs by signs, taught to imitate another one.
const slide = { inChannels: 4, outChannels: 4, kernelSize: 3, padding: 1 };
const [teacher, student] = [1, 2].map((seed) => new BinaryStandardizedConv2d({ ...slide, seed }));
const optimizer = new SGD(student!, { lr: 1e-7 });
const x = binaryActivation(random(3).normal([16, 4, 6, 6]));
const wanted = teacher!.forward(x);

const step = (): number => {
  const { value, grads } = gradients(student!, () =>
    mean(square(sub(student!.forward(x), wanted))),
  );
  optimizer.step(grads);
  return value.item();
};
const first = step();
for (let i = 0; i < 60; i++) step();
const last = step();
console.log(`loss ${first} at first, ${last} after some steps straight through the signs`);
if (!(last < first / 2)) throw new Error("the student should learn");
