import { type Tensor, tensor, zeros } from "@evenkeel/autodiff";
import type { NormCase } from "@evenkeel/testkit";
import { positionalMoments } from "../moment-shortcut/moment-shortcut.ts";
import { positionalNormReference } from "./positional-norm.reference.ts";
import { type PositionalNormOptions, positionalNorm } from "./positional-norm.ts";

/** What positional norm promises, as data for `normSuite`. */
export const positionalNormCase: NormCase<PositionalNormOptions> = {
  norm: positionalNorm,
  options: (numFeatures, shape) => [
    { numFeatures },
    { numFeatures, unbiased: false },
    { numFeatures, eps: 1e-3, affineShape: shape.slice(2) },
  ],
  reference: positionalNormReference,
  shapes: { channels: [1, 2, 3, 4, 5] },
  accepts: ([, channels]) => channels! > 1,
  batchIndependent: true,
  laws: [
    {
      name: "an offset that all channels of a position share changes nothing",
      holds({ bound, x, params, state }) {
        const [, channels, ...space] = x.shape as [number, number, ...number[]];
        const positions = space.reduce((product, n) => product * n, 1);
        const share = (i: number): number => (i % positions) - Math.floor(i / channels / positions);
        const moved = x.data.map((v, i) => v + share(i));
        const { output } = bound.apply(tensor(moved, { shape: x.shape }), params, state);
        expectNear(output, bound.apply(x, params, state).output);
      },
    },
  ],
  rejects: [
    {
      name: "another number of channels",
      run: ({ bound, params, state }) => bound.apply(zeros([4, 5, 3]), params, state),
      message:
        "positionalNorm: expected x with 3 channels on axis 1, got shape [4, 5, 3]. Or pass channelAxis: 2.",
    },
    {
      name: "one channel",
      run: () => positionalNorm({ numFeatures: 1 }).apply(zeros([4, 1, 3]), {}, {}),
      message:
        "positionalNorm: expected more than one value for each statistic, got shape [4, 1, 3]. Use more channels, or instance norm.",
    },
    {
      name: "an empty batch",
      run: ({ bound, params, state }) => bound.apply(zeros([0, 3, 2]), params, state),
      message: "positionalNorm: expected at least one element, got shape [0, 3, 2].",
    },
    {
      name: "another image size than that of its affine",
      run() {
        const bound = positionalNorm({ numFeatures: 3, affineShape: [2, 2] });
        bound.apply(zeros([1, 3, 2, 4]), bound.init().params, {});
      },
      message:
        "positionalNorm affineShape: expected maps of the space [2, 2], got [2, 4] in shape [1, 3, 2, 4]. The weight belongs to positions: keep the image size, or leave affineShape out.",
    },
    {
      name: "a space that is no list",
      run: () => positionalNorm({ numFeatures: 3, affineShape: 4 as unknown as number[] }),
      message: "positionalNorm affineShape: expected a list of whole numbers >= 1, or null, got 4.",
    },
  ],
  golden: [
    {
      method: "positional-norm",
      options({ component, affine, eps, unbiased }, [, numFeatures, ...space]) {
        if (component !== "pono") return undefined;
        const affineShape = affine ? space : null;
        return { numFeatures, eps, unbiased, affineShape } as PositionalNormOptions;
      },
      apply({ bound, x, params, state }) {
        const { eps, unbiased } = bound.options as Required<PositionalNormOptions>;
        const { output } = bound.apply(x, params, state);
        return { output, state, others: { ...positionalMoments(x, { eps, unbiased }) } };
      },
    },
  ],
};

function expectNear(got: Tensor, expected: Tensor): void {
  got.data.forEach((v, i) => {
    if (Math.abs(v - expected.data[i]!) <= 1e-10 * (1 + Math.abs(v))) return;
    throw new Error(`expected ${expected.data[i]}, got ${v}`);
  });
}
