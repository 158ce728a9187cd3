import { matmul, reshape, type Tensor, tensor, zeros } from "@evenkeel/autodiff";
import { affineOf } from "@evenkeel/norm-core";
import type { MethodCase, ProgramCall } from "@evenkeel/testkit";
import { positionalNorm } from "../positional-norm/positional-norm.ts";
import { momentShortcutReference } from "./moment-shortcut.reference.ts";
import { momentShortcut, momentShortcutCard, positionalMoments } from "./moment-shortcut.ts";

/** The encoder's PONO, a 1×1 convolution in the decoder, and the shortcut. */
function shortcutNetwork({ config, inputs, params }: ProgramCall): Tensor {
  const x = inputs["x"]!;
  const [samples, numFeatures, ...space] = x.shape as [number, number, ...number[]];
  const { eps, unbiased } = config as { readonly eps: number; readonly unbiased: boolean };
  const affineShape = config["affine"] ? space : null;
  const pono = positionalNorm({ numFeatures, eps, unbiased, affineShape });
  const { output } = pono.apply(x, affineOf(params), {});
  const weight = params["convWeight"]!;
  const [filters, channels] = weight.shape as [number, number];
  const rows = reshape(output, [samples, numFeatures, output.size / samples / numFeatures]);
  const h = reshape(matmul(reshape(weight, [filters, channels]), rows), [
    samples,
    filters,
    ...space,
  ]);
  return momentShortcut(h, positionalMoments(x, { eps, unbiased }));
}

/** What the moment shortcut promises, as data for `methodSuite`. */
export const momentShortcutCase: MethodCase = {
  card: momentShortcutCard,
  call: ([x, mean, std]) => momentShortcut(x!, { mean: mean!, std: std! }),
  draw(stream) {
    const [samples, channels] = [1 + stream.integer(3), 1 + stream.integer(4)];
    const space = Array.from({ length: stream.integer(3) }, () => 1 + stream.integer(3));
    const dtype = "float64";
    const picture = (): Tensor => stream.normal([samples, 1, ...space], { dtype });
    const x = stream.normal([samples, channels, ...space], { dtype });
    return { inputs: [x, picture(), picture()], params: undefined };
  },
  reference: momentShortcutReference,
  specialValues: [
    {
      name: "mean 0 and deviation 1, which change nothing",
      inputs: [
        tensor([[1, -2]], { dtype: "float64" }),
        tensor([[0]], { dtype: "float64" }),
        tensor([[1]], { dtype: "float64" }),
      ],
      params: undefined,
      output: [1, -2],
      gradients: [[1, 1], [2], [-1]],
    },
  ],
  rejects: [
    {
      name: "moments of another resolution",
      call() {
        const moments = { mean: zeros([2, 1, 4, 4]), std: zeros([2, 1, 2, 2]) };
        return momentShortcut(zeros([2, 3, 4, 4]), moments);
      },
      message:
        "momentShortcut std: expected shape [2, 1, 4, 4] for x of shape [2, 3, 4, 4], got [2, 1, 2, 2]. Both ends of the shortcut need the same resolution: one channel, all positions.",
    },
    {
      name: "moments of one channel",
      call: () => positionalMoments(zeros([2, 1, 4])),
      message:
        "positionalMoments: expected more than one value for each statistic, got shape [2, 1, 4]. Use more channels, or instance norm.",
    },
  ],
  golden: [
    {
      method: "positional-norm",
      takes: ({ component }) => component === "ms",
      run: ({ inputs: { x, beta, gamma } }) => ({
        output: momentShortcut(x!, { mean: beta!, std: gamma! }),
      }),
    },
    {
      method: "positional-norm",
      takes: ({ component }) => component === "pono-ms",
      run: (call) => ({ output: shortcutNetwork(call) }),
    },
  ],
};
