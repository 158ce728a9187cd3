import { abs, max, mean, random, slice, square, sub } from "@evenkeel/autodiff";
import { doubleForward, memorizedBatchNorm } from "@evenkeel/memorized-norm";
import { gradients, Linear, norm, Sequential, SGD } from "@evenkeel/nn";

/** How far the newest stored means are from what today's weights make of that batch. */
function staleness(twice: boolean): number {
  const linear = new Linear({ inFeatures: 4, outFeatures: 3, seed: 1 });
  const memory = norm(memorizedBatchNorm, { numFeatures: 3, memorySize: 4 });
  const model = new Sequential(linear, memory);
  const optimizer = new SGD(model, { lr: 0.5 });
  const stream = random(2);
  let x = stream.normal([4, 4]);
  for (let i = 0; i < 5; i++) {
    x = stream.normal([4, 4]);
    const forward = () => model.forward(x);
    const step = () => {
      const { grads } = gradients(model, () => mean(square(sub(forward(), 1))));
      optimizer.step(grads);
    };
    if (twice) doubleForward(model, step, forward);
    else step();
  }
  const now = mean(linear.forward(x), { axes: 0, keepDims: true });
  const stored = slice(memory.state["memoryMean"]!.value, [0], [1]);
  return max(abs(sub(stored, now))).item();
}

const [once, twice] = [staleness(false), staleness(true)];
console.log("newest entry is off by", once, "and after a second forward by", twice);
if (twice > 1e-5 || once < 1e-3) throw new Error("the second forward should refresh the memory");
