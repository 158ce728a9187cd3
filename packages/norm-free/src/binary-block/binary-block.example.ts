import { mean, random, square } from "@evenkeel/autodiff";
import { Sequential } from "@evenkeel/nn";
import { BinaryBlock, blockBetas } from "@evenkeel/norm-free";

// Two stages of binary blocks without any norm; the second has twice the channels at half the resolution.
const stages = [3, 3];
const blocks = blockBetas(stages).flatMap((betas, stage) =>
  betas.map((beta, block) => {
    const changes = stage > 0 && block === 0;
    const inChannels = changes ? 8 : 8 * (stage + 1);
    const outChannels = 8 * (stage + 1);
    return new BinaryBlock({ inChannels, outChannels, beta, stride: changes ? 2 : 1, seed: block });
  }),
);
const y = new Sequential(...blocks).forward(random(1).normal([4, 8, 8, 8]));

const power = mean(square(y)).item();
console.log("output", y.shape, "of power", power);
if (!(power > 0.01 && power < 100)) throw new Error("the signal should neither die nor explode");
