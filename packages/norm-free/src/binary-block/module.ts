import { mul, type Tensor } from "@evenkeel/autodiff";
import { AvgPool2d, Module } from "@evenkeel/nn";
import { checkOptions, count, finite, type OptionRules } from "@evenkeel/norm-core";
import { RPReLU, RSign } from "../binary-activation/binary-activation.ts";
import { BinaryStandardizedConv2d } from "../binary-weight/binary-weight.ts";
import { type BinaryBlockOptions, binaryBlock } from "./block.ts";

/** Options of `BinaryBlock`. */
export interface BinaryBlockModuleOptions {
  readonly inChannels: number;
  readonly outChannels: number;
  /** 2 halves the resolution. Default 1. */
  readonly stride?: number;
  /** Default 0.2. */
  readonly alpha?: number;
  /** Default 1; see `blockBetas`. */
  readonly beta?: number;
  /** Decides the first weights. Default 0. */
  readonly seed?: number;
}

const rules: OptionRules<BinaryBlockModuleOptions> = {
  inChannels: count(),
  outChannels: count(),
  stride: count(1),
  alpha: finite(0.2),
  beta: finite(1),
  seed: finite(0),
};

/**
 * `binaryBlock` with its parameters. Where resolution or channels change, the residual is beta·x, averaged over
 * stride × stride, through a binary 1×1 convolution.
 *
 * **When to use.** In the place of a residual block with batch norm, in a binary network.
 *
 * Parameters: those of `RSign`, `BinaryStandardizedConv2d` and `RPReLU`.
 *
 * @throws OptionError for unknown or illegal options.
 *
 * @example
 * const block = new BinaryBlock({ inChannels: 4, outChannels: 8, stride: 2 });
 * block.forward(random(1).normal([2, 4, 6, 6])).shape; // [2, 8, 3, 3]
 *
 * @see Chen et al., 2021, arXiv 2104.08215.
 */
export class BinaryBlock extends Module {
  readonly sign: RSign;
  readonly conv: BinaryStandardizedConv2d;
  readonly prelu: RPReLU;
  readonly pool: AvgPool2d | undefined;
  readonly downsample: BinaryStandardizedConv2d | undefined;
  private readonly options: BinaryBlockOptions & { readonly beta: number };

  constructor(options: BinaryBlockModuleOptions) {
    super();
    const o = checkOptions("BinaryBlock", options, rules);
    const { inChannels, outChannels, alpha, beta, stride, seed } = o;
    this.options = { alpha, beta, stride };
    this.sign = new RSign({ numFeatures: inChannels });
    this.conv = new BinaryStandardizedConv2d({ inChannels, outChannels, kernelSize: 3, seed });
    this.prelu = new RPReLU({ numFeatures: outChannels });
    if (stride === 1 && inChannels === outChannels) return;
    const narrow = { inChannels, outChannels, kernelSize: 1, seed: seed + 1 };
    this.pool = stride === 1 ? undefined : new AvgPool2d({ kernelSize: stride, stride });
    this.downsample = new BinaryStandardizedConv2d(narrow);
  }

  override forward(x: Tensor): Tensor {
    const { sign, conv, prelu, options } = this;
    const { shift, slope, lift } = prelu;
    const params = {
      shift: sign.shift.value,
      weight: conv.weight.value,
      gain: conv.gain.value,
      prelu: { shift: shift.value, slope: slope.value, lift: lift.value },
      residual: this.residual(x),
    };
    return binaryBlock(x, params, options);
  }

  private residual(x: Tensor): Tensor {
    if (!this.downsample) return x;
    const scaled = mul(this.options.beta, x);
    return this.downsample.forward(this.pool ? this.pool.forward(scaled) : scaled);
  }
}
