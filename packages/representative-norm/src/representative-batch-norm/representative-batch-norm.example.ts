import { add, random, sub, tensor } from "@evenkeel/autodiff";
import { representativeBatchNorm } from "@evenkeel/representative-norm";

// Feature maps of 8 samples with 3 channels, and the same maps after each sample got another offset.
const x = random(1).normal([8, 3, 4, 4]);
const shifted = add(x, random(2).normal([8, 1, 1, 1], { std: 3 }));

const rbn = representativeBatchNorm({ numFeatures: 3 });
const { params, state } = rbn.init();

/** The largest change that the offsets make in the output. */
function change(parameters: typeof params): number {
  const [before, after] = [x, shifted].map((t) => rbn.apply(t, parameters, state).output);
  return Math.max(...sub(after!, before!).data.map(Math.abs));
}

// At first the calibrations are off, and the offsets come through as they do in batch norm.
console.log("centerWeight 0:", change(params));
if (change(params) < 1) throw new Error("the offsets should show");

// With centerWeight −1 each sample's own mean is taken out before; training finds what lies between.
const centered = { ...params, centerWeight: tensor([-1, -1, -1]) };
console.log("centerWeight -1:", change(centered));
if (change(centered) > 1e-4) throw new Error("the offsets should be gone");
