import {
  createNorm,
  crossEntropy,
  Flatten,
  gradients,
  Linear,
  NormModule,
  ReLU,
  random,
  Sequential,
  SGD,
  scope,
  tensor,
} from "evenkeel";

// Two classes of points, far from the origin, told apart by their first coordinate.
const labels = Array.from({ length: 32 }, (_, n) => n % 2);
const points = random(1).normal([32, 4], { mean: 50 });
const x = points.data.map((v, i) => v + (i % 4 === 0 ? 4 * labels[i / 4]! : 0));

/** The loss after 40 steps with a norm or another; a configuration could say with which. */
function lossWith(hidden: NormModule<never>): number {
  const model = new Sequential(
    new Linear({ inFeatures: 4, outFeatures: 8, seed: 2 }),
    hidden,
    new ReLU(),
    new Flatten(),
    new Linear({ inFeatures: 8, outFeatures: 2, seed: 3 }),
  );
  const optimizer = new SGD(model, { lr: 0.1 });
  const step = (): number =>
    scope(() => {
      const batch = tensor(x, { shape: points.shape });
      const { value, grads } = gradients(model, () => crossEntropy(model.forward(batch), labels));
      optimizer.step(grads);
      return value.item();
    });
  for (let i = 0; i < 40; i++) step();
  return step();
}

const batch = lossWith(new NormModule(createNorm("batchNorm", { numFeatures: 8 })));
const layer = lossWith(new NormModule(createNorm("layerNorm", { normalizedShape: [8] })));
console.log(`loss with batch norm ${batch.toFixed(3)}, with layer norm ${layer.toFixed(3)}`);

// Batch norm takes away what all points share; layer norm looks at each point alone and keeps it.
if (!(batch < layer / 2)) throw new Error("batch norm should have learned faster");
