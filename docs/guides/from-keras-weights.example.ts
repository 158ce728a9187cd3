import { random, type Tensor, transpose } from "@evenkeel/autodiff";
import { batchNorm } from "@evenkeel/batch-norm";
import { Linear, norm, ReLU, Sequential } from "@evenkeel/nn";
import { fromKeras } from "@evenkeel/norm-core";

// keras.Sequential([Dense(4), BatchNormalization(momentum=0.9), ReLU(), Dense(2)]) of 3 inputs
const options = fromKeras({ momentum: 0.9 });
console.log(options);

const model = new Sequential(
  new Linear({ inFeatures: 3, outFeatures: 4 }),
  norm(batchNorm, { numFeatures: 4, ...options }),
  new ReLU(),
  new Linear({ inFeatures: 4, outFeatures: 2 }),
);

// What get_weights() returns, layer by layer; here random numbers stand for it.
const stream = random(1);
const [kernel1, bias1, gamma, beta, movingMean, kernel2, bias2] = [
  [3, 4],
  [4],
  [4],
  [4],
  [4],
  [4, 2],
  [2],
].map((shape) => stream.normal(shape)) as [Tensor, Tensor, Tensor, Tensor, Tensor, Tensor, Tensor];
const movingVariance = stream.uniform([4], { low: 0.5, high: 2 });

model.loadStateDict(
  {
    "0.weight": transpose(kernel1), // Keras has [in, out], PyTorch and we [out, in]
    "0.bias": bias1,
    "1.weight": gamma,
    "1.bias": beta,
    "1.running_mean": movingMean,
    "1.running_var": movingVariance,
    "3.weight": transpose(kernel2),
    "3.bias": bias2,
  },
  { strict: false }, // Keras does not count batches
);
model.eval();

// The same by hand, for one sample.
const x = stream.normal([1, 3]);
const dot = (v: ArrayLike<number>, kernel: Tensor, bias: Tensor): number[] =>
  Array.from(bias.data, (b, o) => {
    const [inputs, outputs] = kernel.shape as [number, number];
    let sum = b;
    for (let i = 0; i < inputs; i++) sum += v[i]! * kernel.data[i * outputs + o]!;
    return sum;
  });
const hidden = dot(x.data, kernel1, bias1).map((v, c) => {
  const standard = (v - movingMean.data[c]!) / Math.sqrt(movingVariance.data[c]! + options.eps);
  return Math.max(0, standard * gamma.data[c]! + beta.data[c]!);
});
const expected = dot(hidden, kernel2, bias2);
const got = model.forward(x).toArray();
console.log(got, [expected]);
if (expected.some((v, i) => Math.abs(v - model.forward(x).data[i]!) > 1e-5)) throw new Error("no");
