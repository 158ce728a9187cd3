import { type Random, type Tensor, zeros } from "@evenkeel/autodiff";
import type { MethodCase, ProgramCall } from "@evenkeel/testkit";
import { type BlockConstants, binaryBlockReference } from "./binary-block.reference.ts";
import { BinaryBlock, binaryBlock, binaryBlockCard } from "./binary-block.ts";

function blockOf([x, shift, weight, gain, ...prelu]: readonly Tensor[], o: BlockConstants): Tensor {
  const [before, slope, lift] = prelu as [Tensor, Tensor, Tensor];
  const params = { shift: shift!, weight: weight!, gain: gain! };
  return binaryBlock(x!, { ...params, prelu: { shift: before, slope, lift } }, o);
}

function runGolden({ config, inputs, params }: ProgramCall): { readonly output: Tensor } {
  const { alpha, beta, gamma, eps, stride } = config as Readonly<Record<string, number>>;
  const { move0, convWeight, gain, move1, prelu, move2 } = params;
  const learned = {
    shift: move0!,
    weight: convWeight!,
    gain: gain!,
    prelu: { shift: move1!, slope: prelu!, lift: move2! },
  };
  const options = { alpha: alpha!, beta: beta!, gamma: gamma!, eps: eps!, stride: stride! };
  return { output: binaryBlock(inputs["x"]!, learned, options) };
}

/** What the binary block promises, as data for `methodSuite`. */
export const binaryBlockCase: MethodCase<BlockConstants> = {
  card: binaryBlockCard,
  call: blockOf,
  // Straight through two signs: the gradient is not the forward's. Golden files have the authors'.
  order: 0,
  draw(stream: Random) {
    const [channels, side] = [2 + stream.integer(3), 1 + stream.integer(3)];
    const draw = (...shape: number[]): Tensor => stream.normal(shape, { dtype: "float64" });
    const x = draw(1 + stream.integer(2), channels, side, side);
    const each = Array.from({ length: 4 }, () => draw(channels));
    const inputs = [x, each[0]!, draw(channels, channels, 1, 1), ...each.slice(1), draw(channels)];
    return { inputs, params: { alpha: stream.next(), beta: 0.5 + stream.next() } };
  },
  reference: binaryBlockReference,
  rejects: [
    {
      name: "other channels than its own",
      call: () => new BinaryBlock({ inChannels: 4, outChannels: 4 }).forward(zeros([1, 3, 4, 4])),
      message: "rsign: expected x of shape [samples, 4, …], got [1, 3, 4, 4].",
    },
    {
      name: "a stride of 0",
      call: () => new BinaryBlock({ inChannels: 4, outChannels: 4, stride: 0 }),
      message: "BinaryBlock stride: expected a whole number >= 1, got 0.",
    },
  ],
  golden: [
    {
      method: "bnn-no-bn",
      takes: ({ component, downsample }) => component === "block" && downsample === false,
      run: runGolden,
    },
  ],
};
