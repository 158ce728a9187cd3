import { add, type DType, type Random, relu, type Tensor } from "@evenkeel/autodiff";
import { batchNorm } from "@evenkeel/batch-norm";
import {
  Conv2d,
  GlobalAvgPool2d,
  Linear,
  Module,
  type NormModule,
  norm,
  Sequential,
} from "@evenkeel/nn";

export interface Draw {
  readonly random: Random;
  readonly dtype: DType;
}

function conv(
  inChannels: number,
  outChannels: number,
  kernelSize: number,
  stride: number,
  draw: Draw,
): Conv2d {
  const padding = (kernelSize - 1) / 2;
  return new Conv2d({ inChannels, outChannels, kernelSize, stride, padding, bias: false, ...draw });
}

function bn(numFeatures: number, { dtype }: Draw): NormModule {
  return norm(batchNorm, { numFeatures }, { dtype }) as NormModule;
}

/** relu(shortcut(x) + bn(conv(relu(bn(conv(x)))))). */
class BasicBlock extends Module {
  readonly conv1: Conv2d;
  readonly bn1: NormModule;
  readonly conv2: Conv2d;
  readonly bn2: NormModule;
  readonly shortcut: Sequential;

  constructor(inChannels: number, outChannels: number, stride: number, draw: Draw) {
    super();
    this.conv1 = conv(inChannels, outChannels, 3, stride, draw);
    this.bn1 = bn(outChannels, draw);
    this.conv2 = conv(outChannels, outChannels, 3, 1, draw);
    this.bn2 = bn(outChannels, draw);
    const same = stride === 1 && inChannels === outChannels;
    this.shortcut = same
      ? new Sequential()
      : new Sequential(conv(inChannels, outChannels, 1, stride, draw), bn(outChannels, draw));
  }

  override forward(x: Tensor): Tensor {
    const inner = relu(this.bn1.forward(this.conv1.forward(x)));
    return relu(add(this.shortcut.forward(x), this.bn2.forward(this.conv2.forward(inner))));
  }
}

/**
 * ResNet-20 for images of 32×32 (He et al., 2015, section 4.2): three stages of three blocks with 16,
 * 32 and 64 channels. Shortcuts between stages are 1×1 convolutions (their option B).
 */
export class ResNet20 extends Module {
  readonly conv1: Conv2d;
  readonly bn1: NormModule;
  readonly layer1: readonly BasicBlock[];
  readonly layer2: readonly BasicBlock[];
  readonly layer3: readonly BasicBlock[];
  readonly linear: Linear;

  constructor(draw: Draw) {
    super();
    this.conv1 = conv(3, 16, 3, 1, draw);
    this.bn1 = bn(16, draw);
    const stage = (inChannels: number, channels: number, stride: number): BasicBlock[] => [
      new BasicBlock(inChannels, channels, stride, draw),
      new BasicBlock(channels, channels, 1, draw),
      new BasicBlock(channels, channels, 1, draw),
    ];
    this.layer1 = stage(16, 16, 1);
    this.layer2 = stage(16, 32, 2);
    this.layer3 = stage(32, 64, 2);
    this.linear = new Linear({ inFeatures: 64, outFeatures: 10, ...draw });
  }

  override forward(x: Tensor): Tensor {
    let h = relu(this.bn1.forward(this.conv1.forward(x)));
    for (const block of [...this.layer1, ...this.layer2, ...this.layer3]) h = block.forward(h);
    return this.linear.forward(new GlobalAvgPool2d().forward(h));
  }
}
