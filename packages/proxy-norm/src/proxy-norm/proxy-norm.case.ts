import { type Tensor, zeros } from "@evenkeel/autodiff";
import type { NormCase, NormSample } from "@evenkeel/testkit";
import { proxyNormReference } from "./proxy-norm.reference.ts";
import { type ProxyNormOptions, proxyNorm } from "./proxy-norm.ts";

/** The output of a sample at other options, beside the reference's. */
function outputAt(
  { x, params, state, mode, options }: NormSample<ProxyNormOptions>,
  changed: Partial<ProxyNormOptions>,
): { readonly got: Tensor; readonly expected: Float64Array } {
  const own = { ...options, ...changed };
  const plain = ({ shape, data }: Tensor): { shape: readonly number[]; data: Float64Array } => ({
    shape,
    data: Float64Array.from(data),
  });
  const numbers = Object.fromEntries(Object.entries(params).map(([name, t]) => [name, plain(t)]));
  const call = {
    x: plain(x),
    params: numbers,
    state: {},
    mode,
    options: own,
    condition: undefined,
  };
  return {
    got: proxyNorm(own).apply(x, params, state).output,
    expected: proxyNormReference(call).output.data,
  };
}

/** What proxy norm promises, as data for `normSuite`. */
export const proxyNormCase: NormCase<ProxyNormOptions> = {
  norm: proxyNorm,
  // Smooth activations: differences across the kinks of 200 proxies say nothing. Golden files have relu.
  options: (numChannels) => [
    { numChannels, activation: "silu" },
    { numChannels, activation: "tanh", numGroups: numChannels, numSamples: 7 },
    { numChannels, activation: "sigmoid", normEps: 1e-5, proxyEps: 1e-3, numSamples: 50 },
  ],
  reference: proxyNormReference,
  accepts: (shape, { numGroups = 1 }) =>
    shape.slice(1).reduce((product, n) => product * n, 1) / numGroups > 1,
  batchIndependent: true,
  reducesTo: [
    {
      name: "group norm where the activation is none and the proxy a single sample",
      options: (options) => ({ ...options, activation: "identity", numSamples: 1, proxyEps: 1 }),
      params: ({ weight, bias, proxyScale }) => ({
        weight: weight!,
        bias: bias!,
        proxyScale: proxyScale!,
        // The proxy is where weight·proxyBias + bias = 0: with a bias of 0, at 0.
        proxyBias: zeros(bias!.shape, { dtype: "float64" }),
      }),
      equals(call) {
        const { channels, size, space } = sizesOf(call.x.shape, call.options.numGroups ?? 1);
        const output = call.x.data.map((v, i) => {
          const start = Math.floor(i / size) * size;
          const group = call.x.data.slice(start, start + size);
          const mean = group.reduce((sum, u) => sum + u / size, 0);
          const variance = group.reduce((sum, u) => sum + (u - mean) ** 2 / size, 0);
          const weight = call.params["weight"]!.data[Math.floor(i / space) % channels]!;
          return (weight * (v - mean)) / Math.sqrt(variance + (call.options.normEps ?? 1e-3));
        });
        return { shape: call.x.shape, data: output };
      },
    },
  ],
  laws: [
    {
      name: "relu, too, gives what the equations give",
      holds(sample) {
        for (const numGroups of [1, sample.options.numGroups ?? 1]) {
          const { got, expected } = outputAt(sample, { activation: "relu", numGroups });
          expected.forEach((v, i) => {
            if (Math.abs(got.data[i]! - v) <= 1e-10 * (1 + Math.abs(v))) return;
            throw new Error(`expected ${v}, got ${got.data[i]}`);
          });
        }
      },
    },
  ],
  rejects: [
    {
      name: "groups that do not divide the channels",
      run: () => proxyNorm({ numChannels: 6, numGroups: 4 }),
      message:
        "proxyNorm: expected numGroups that divides numChannels 6, got 4. Take one of 1, 2, 3, 6.",
    },
    {
      name: "an activation that it does not know",
      run: () => proxyNorm({ numChannels: 6, activation: "swish" as "silu" }),
      message:
        'proxyNorm activation: expected "relu" or "silu" or "sigmoid" or "tanh" or "identity", got "swish".',
    },
    {
      name: "groups of one value",
      run({ bound }) {
        const one = proxyNorm({ ...(bound.options as ProxyNormOptions), numGroups: 3 });
        one.apply(zeros([4, 3, 1]), one.init().params, {});
      },
      message:
        "proxyNorm: expected more than one value for each statistic, got shape [4, 3, 1]. Use fewer groups, or an input with space to average over.",
    },
    {
      name: "an empty batch",
      run: ({ bound, params, state }) => bound.apply(zeros([0, 3, 2]), params, state),
      message: "proxyNorm: expected at least one element, got shape [0, 3, 2].",
    },
  ],
  golden: [
    {
      method: "proxy-norm",
      options: (config, [, numChannels]) => ({ numChannels, ...config }) as ProxyNormOptions,
    },
  ],
};

function sizesOf(
  [, channels, ...space]: readonly number[],
  numGroups: number,
): { readonly channels: number; readonly size: number; readonly space: number } {
  const positions = space.reduce((product, n) => product * n, 1);
  return { channels: channels!, size: (channels! / numGroups) * positions, space: positions };
}
