import { matmul, mean, random, square, type Tensor, zeros } from "@evenkeel/autodiff";
import { proxyNorm } from "@evenkeel/proxy-norm";

const channels = 32;
const stream = random(1);
const params = {
  weight: stream.normal([channels], { mean: 1, std: 0.2 }),
  bias: stream.normal([channels], { std: 0.2 }),
  proxyScale: zeros([channels]),
  proxyBias: zeros([channels]),
};

/** The part of x's power that is the same for all samples and positions; batch norm would take it out. */
function constantPart(x: Tensor): number {
  const ofChannels = mean(square(mean(x, { axes: [0, 2] })));
  return ofChannels.item() / mean(square(x)).item();
}

/** What enters the last of 16 random layers with a norm and an activation. */
function deep(layer: (x: Tensor) => Tensor): Tensor {
  const mix = (x: Tensor): Tensor =>
    matmul(stream.normal([channels, channels], { std: Math.sqrt(2 / channels) }), x);
  let x = random(2).normal([16, channels, 16]);
  for (let i = 0; i < 15; i++) x = layer(mix(x));
  return mix(x);
}

const proxied = proxyNorm({ numChannels: channels, activation: "relu" });
const withProxy = constantPart(deep((x) => proxied.apply(x, params, {}).output));

// Without an activation inside, a proxy of one sample only takes the bias away: layer norm, then relu.
const single = proxyNorm({
  numChannels: channels,
  activation: "identity",
  numSamples: 1,
  proxyEps: 1,
});
const without = constantPart(
  deep((x) => single.apply(x, params, {}, { activation: "relu" }).output),
);

console.log(`constant part of the power: layer norm ${without}, with a proxy ${withProxy}`);
if (!(without > 0.5 && withProxy < 0.1)) throw new Error("the proxy should keep channels alive");
