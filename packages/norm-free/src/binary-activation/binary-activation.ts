import {
  abs,
  add,
  customGrad,
  fail,
  full,
  greater,
  mul,
  relu,
  reshape,
  ShapeError,
  showShape,
  sign,
  sub,
  type Tensor,
  where,
  zeros,
} from "@evenkeel/autodiff";
import { Module, Parameter } from "@evenkeel/nn";
import { type Card, checkOptions, count, type OptionRules } from "@evenkeel/norm-core";

/** What tables say of `binaryActivation`. */
export const binaryActivationCard: Card = {
  id: "binaryActivation",
  name: "Binary activation",
  summary: "The sign of each number, with the gradient of a smooth step.",
  tex: String.raw`y = \mathrm{sign}(x), \quad \frac{\partial y}{\partial x} := \max(0,\, 2 - 2|x|)`,
  paper: {
    title: '"BNN - BN = ?": Training Binary Neural Networks without Batch Normalization',
    authors: "Chen, Zhang, Ouyang, Liu, Shen, Wang",
    year: 2021,
    venue: "CVPR workshops",
    arxiv: "2104.08215",
    code: "VITA-Group/BNN_NoBN",
  },
  keys: {},
  notes: [
    "The backward is not the derivative of the forward: it is that of two parabolas from −1 to 1.",
  ],
};

const binarize = customGrad("binaryActivation", (x) => ({
  value: sign(x!),
  vjp: (g, [at]) => [mul(g, relu(sub(2, mul(2, abs(at!)))))],
}));

/**
 * The sign of each number, with the gradient of ReActNet and Bi-Real nets.
 *
 *     y = sign(x)                     sign(0) = 0
 *     dx = g · max(0, 2 − 2|x|)
 *
 * **When to use.** Before the convolutions of binary networks.
 *
 * **Differs from the paper.** Nothing. Being straight-through, its gradient is not that of its forward; second
 * derivatives are those of the smooth step.
 *
 * @param x - Of any shape.
 *
 * @example
 * const signs = binaryActivation(random(1).normal([2, 8, 6, 6]));
 *
 * @see Chen et al., 2021, arXiv 2104.08215.
 */
export function binaryActivation(x: Tensor): Tensor {
  return binarize(x);
}

/** A number per channel, for x [N, C, …space]. */
function perChannel(where: string, x: Tensor, t: Tensor): Tensor {
  if (x.shape[1] !== t.size) {
    const expected = `x of shape [samples, ${t.size}, …]`;
    fail({ where, expected, got: showShape(x.shape) }, ShapeError);
  }
  return reshape(t, [t.size, ...x.shape.slice(2).map(() => 1)]);
}

/** The three numbers per channel of `rprelu`. */
export interface RPReLUParams {
  /** Added before. */
  readonly shift: Tensor;
  /** Of the negative side. */
  readonly slope: Tensor;
  /** Added behind. */
  readonly lift: Tensor;
}

/**
 * ReActNet's sign: a shift of each channel before it is learned.
 *
 *     y = binaryActivation(x + shift)
 *
 * @param x - [samples, channels, …].
 * @param shift - [channels].
 * @throws ShapeError for another number of channels.
 *
 * @example
 * const signs = rsign(random(1).normal([2, 3, 4, 4]), zeros([3]));
 */
export function rsign(x: Tensor, shift: Tensor): Tensor {
  return binaryActivation(add(x, perChannel("rsign", x, shift)));
}

/**
 * ReActNet's PReLU, with a learned shift before it and behind it.
 *
 *     u = x + shift        y = (u where u > 0, else slope·u) + lift
 *
 * @param x - [samples, channels, …].
 * @throws ShapeError for another number of channels.
 *
 * @example
 * const channels = { shift: zeros([3]), slope: full([3], 0.25), lift: zeros([3]) };
 * const y = rprelu(random(1).normal([2, 3, 4, 4]), channels);
 */
export function rprelu(x: Tensor, { shift, slope, lift }: RPReLUParams): Tensor {
  const each = (t: Tensor): Tensor => perChannel("rprelu", x, t);
  const u = add(x, each(shift));
  return add(where(greater(u, 0), u, mul(each(slope), u)), each(lift));
}

/** Options of `RSign` and `RPReLU`. */
export interface ChannelOptions {
  /** Number of channels. */
  readonly numFeatures: number;
}
const rules: OptionRules<ChannelOptions> = { numFeatures: count() };

/**
 * `rsign` with its parameter: `shift` [numFeatures], at first 0.
 *
 * @throws OptionError for unknown or illegal options.
 *
 * @example
 * const signs = new RSign({ numFeatures: 3 }).forward(random(1).normal([2, 3, 4, 4]));
 */
export class RSign extends Module {
  readonly shift: Parameter;

  constructor(options: ChannelOptions) {
    super();
    const { numFeatures } = checkOptions("RSign", options, rules);
    this.shift = new Parameter(zeros([numFeatures]));
  }

  override forward(x: Tensor): Tensor {
    return rsign(x, this.shift.value);
  }
}

/**
 * `rprelu` with its parameters: `shift` and `lift` [numFeatures], at first 0; `slope` [numFeatures], at first 0.25.
 *
 * @throws OptionError for unknown or illegal options.
 *
 * @example
 * const y = new RPReLU({ numFeatures: 3 }).forward(random(1).normal([2, 3, 4, 4]));
 */
export class RPReLU extends Module {
  readonly shift: Parameter;
  readonly slope: Parameter;
  readonly lift: Parameter;

  constructor(options: ChannelOptions) {
    super();
    const { numFeatures } = checkOptions("RPReLU", options, rules);
    this.shift = new Parameter(zeros([numFeatures]));
    this.slope = new Parameter(full([numFeatures], 0.25));
    this.lift = new Parameter(zeros([numFeatures]));
  }

  override forward(x: Tensor): Tensor {
    const { shift, slope, lift } = this;
    return rprelu(x, { shift: shift.value, slope: slope.value, lift: lift.value });
  }
}
