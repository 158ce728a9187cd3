import { tensor, zeros } from "@evenkeel/autodiff";
import type { NormCase } from "@evenkeel/testkit";
import { rmsNormReference } from "./rms-norm.reference.ts";
import { type RmsNormOptions, rmsNorm } from "./rms-norm.ts";

/** What RMS norm promises, as data for `normSuite`. */
export const rmsNormCase: NormCase<RmsNormOptions> = {
  norm: rmsNorm,
  options: (channels, shape) => [
    { normalizedShape: shape.slice(1) },
    { normalizedShape: shape.at(-1)!, eps: 1e-5, bias: true },
    { normalizedShape: channels, axis: "channel", eps: 1e-6 },
    { normalizedShape: shape.at(-1)!, eps: 1e-8, epsMode: "outside", elementwiseAffine: false },
    ...(channels > 1
      ? [{ normalizedShape: channels, axis: "channel" as const, partial: 0.5, eps: 1e-5 }]
      : []),
  ],
  reference: rmsNormReference,
  batchIndependent: true,
  exceptions: {
    channelAxis: "it normalizes the trailing axes or axis 1",
    misuse: "leading axes are free, so that other channels can be right; see rejects",
  },
  laws: [
    {
      name: "doubling the input changes nothing but what eps does",
      holds({ options, x, params, state }) {
        const bound = rmsNorm({ ...options, eps: 0 });
        const once = bound.apply(x, params, state).output.data;
        const doubled = x.data.map((v) => 2 * v) as Float64Array;
        const twice = bound.apply(tensor(doubled, { shape: x.shape }), params, state).output.data;
        once.forEach((v, i) => {
          if (Math.abs(v - twice[i]!) > 1e-12 * (1 + Math.abs(v)))
            throw new Error(`${v} became ${twice[i]}`);
        });
      },
    },
  ],
  rejects: [
    {
      name: "an input that ends in another axis",
      run: ({ bound, params, state }) => bound.apply(zeros([4, 3, 5]), params, state),
      message:
        "rmsNorm: expected x with trailing axes [3, 3], got shape [4, 3, 5]. Set normalizedShape to the last axes of x.",
    },
    {
      name: "other channels with axis channel",
      run: ({ params, state }) =>
        rmsNorm({ normalizedShape: 3, axis: "channel" }).apply(zeros([4, 5, 2]), params, state),
      message:
        "rmsNorm: expected x with 3 channels on axis 1, got shape [4, 5, 2]. Set the number of channels to that of x.",
    },
    {
      name: "a partial that leaves nothing",
      run: () => rmsNorm({ normalizedShape: 4, partial: 0.1 }),
      message:
        "rmsNorm partial: expected a fraction that leaves at least one of 4 elements, got 0.1.",
    },
    {
      name: "an epsMode that does not exist",
      run: () => rmsNorm({ normalizedShape: 4, epsMode: "under" as "inside" }),
      message: 'rmsNorm epsMode: expected "inside" or "outside", got "under".',
    },
    {
      name: "several axes with axis channel",
      run: () => rmsNorm({ normalizedShape: [3, 4], axis: "channel" }),
      message:
        'rmsNorm normalizedShape: expected one number with axis "channel" or partial, got [3,4].',
    },
  ],
  golden: [
    {
      method: "rms-norm",
      options: (config, xShape) =>
        ({
          normalizedShape: config["axis"] === "channel" ? xShape[1] : xShape.at(-1),
          ...config,
        }) as unknown as RmsNormOptions,
    },
  ],
};
