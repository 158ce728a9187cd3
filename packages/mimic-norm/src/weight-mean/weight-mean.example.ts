import { div, matmul, mean, random, sqrt, square, sum, transpose } from "@evenkeel/autodiff";
import { centerWeights } from "@evenkeel/mimic-norm";
import { Linear, type Module, ReLU, Sequential } from "@evenkeel/nn";

// 20 random layers of relu units, without a norm.
const width = 100;
const layers = Array.from({ length: 20 }, (_, seed): readonly Module[] => {
  const layer = new Linear({ inFeatures: width, outFeatures: width, bias: false });
  layer.weight.replace(random(seed).normal([width, width], { std: Math.sqrt(2 / width) }));
  return [new ReLU(), layer];
});
const model = new Sequential(...layers.flat());

/** The mean cosine between the outputs of 50 different inputs. */
function likeness(): number {
  const y = model.forward(random(99).normal([50, width]));
  const unit = div(y, sqrt(sum(square(y), { axes: 1, keepDims: true })));
  return mean(matmul(unit, transpose(unit))).item();
}

const before = likeness();
centerWeights(model, (layer) => layer instanceof Linear); // in training: after each optimizer.step
const after = likeness();
console.log(`inputs look alike after 20 layers: ${before}, with centered weights ${after}`);
if (!(before > 0.8 && after < 0.3)) throw new Error("centered weights should keep inputs apart");
