import type { NdArray, NormCall } from "@evenkeel/testkit";
import type { ProxyActivation, ProxyNormOptions } from "./proxy-norm.ts";

type Result = { readonly output: NdArray; readonly state: Readonly<Record<string, NdArray>> };

const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));
const functions: Readonly<Record<ProxyActivation, (x: number) => number>> = {
  relu: (x) => Math.max(x, 0),
  silu: (x) => x * sigmoid(x),
  sigmoid,
  tanh: Math.tanh,
  identity: (x) => x,
};

/** The normal distribution from 0 to x, by Simpson's rule. */
function mass(x: number): number {
  const density = (t: number): number => Math.exp(-(t * t) / 2) / Math.sqrt(2 * Math.PI);
  const steps = 600;
  let total = density(0) + density(x);
  for (let i = 1; i < steps; i++) total += (i % 2 === 1 ? 4 : 2) * density((i * x) / steps);
  return (total * x) / (3 * steps);
}

const known = new Map<number, readonly number[]>();

/** q with mass(q) = (k + ½) / samples − ½, by bisection. */
function quantiles(samples: number): readonly number[] {
  const before = known.get(samples);
  if (before) return before;
  const found = Array.from({ length: samples }, (_, k) => {
    let [low, high] = [-9, 9];
    for (let i = 0; i < 55; i++) {
      const middle = (low + high) / 2;
      if (mass(middle) < (k + 0.5) / samples - 0.5) low = middle;
      else high = middle;
    }
    return (low + high) / 2;
  });
  known.set(samples, found);
  return found;
}

/** Labatie et al., section 4, on [N, C, …space] in float64. */
export function proxyNormReference({
  x,
  params,
  state,
  options,
}: NormCall<ProxyNormOptions>): Result {
  const { numGroups = 1, normEps = 1e-3, proxyEps = 0.03, numSamples = 200 } = options;
  const phi = functions[options.activation ?? "relu"];
  const [samples, channels] = x.shape as [number, number];
  const space = x.data.length / (samples * channels);
  const size = (channels / numGroups) * space;
  const number = (name: string, c: number): number => params[name]!.data[c]!;
  const output = new Float64Array(x.data.length);
  for (let start = 0; start < output.length; start += size) {
    let mean = 0;
    let variance = 0;
    for (let i = start; i < start + size; i++) mean += x.data[i]! / size;
    for (let i = start; i < start + size; i++) variance += (x.data[i]! - mean) ** 2 / size;
    for (let i = start; i < start + size; i++) {
      const c = Math.floor(i / space) % channels;
      const y = (x.data[i]! - mean) / Math.sqrt(variance + normEps);
      output[i] = phi(number("weight", c) * y + number("bias", c));
    }
  }
  for (let c = 0; c < channels; c++) {
    const proxies = quantiles(numSamples).map((q) => {
      const y = (1 + number("proxyScale", c)) * q + number("proxyBias", c);
      return phi(number("weight", c) * y + number("bias", c));
    });
    let mean = 0;
    let variance = 0;
    for (const p of proxies) mean += p / numSamples;
    for (const p of proxies) variance += (p - mean) ** 2 / numSamples;
    for (let n = 0; n < samples; n++) {
      for (let s = 0; s < space; s++) {
        const i = (n * channels + c) * space + s;
        output[i] = (output[i]! - mean) / Math.sqrt(variance + proxyEps);
      }
    }
  }
  return { output: { shape: x.shape, data: output }, state };
}
