import { random } from "@evenkeel/autodiff";
import { batchNorm } from "@evenkeel/batch-norm";
import {
  classBalancedBatchNorm,
  continualNorm,
  taskBalancedBatchNorm,
} from "@evenkeel/continual-norm";
import { Conv2d, Flatten, Linear, MaxPool2d, NormModule, ReLU, Sequential } from "@evenkeel/nn";
import type { BoundNorm } from "@evenkeel/norm-core";

/** What every norm is told of a batch; each takes what it knows. */
export interface Told {
  /** The current task, counted from 0. */
  readonly task: number;
  /** For each sample, 1 where it is from memory. Default: none is. */
  readonly memory?: readonly number[];
  /** All classes seen have as many samples. */
  readonly balanced: boolean;
}

/** One way to normalize while classes come task after task. */
export interface Method {
  readonly name: string;
  /** The norm of a layer, with this share of a new batch in its running statistics. */
  readonly bind: (numFeatures: number, momentum: number) => BoundNorm<Told>;
  /** New and remembered samples go through the network together and share statistics. */
  readonly together: boolean;
  /** A forward of a class-balanced batch follows each update of the weights. */
  readonly balances: boolean;
}

const bn = (numFeatures: number, momentum: number): BoundNorm<Told> =>
  batchNorm({ numFeatures, momentum }) as BoundNorm<never> as BoundNorm<Told>;

/** What `incremental` compares. */
export const methods: readonly Method[] = [
  { name: "BN", bind: bn, together: true, balances: false },
  { name: "BN, memory apart", bind: bn, together: false, balances: false },
  {
    name: "CN",
    bind: (numFeatures, momentum) =>
      continualNorm({ numFeatures, momentum, numGroups: 4 }) as BoundNorm<never> as BoundNorm<Told>,
    ...{ together: true, balances: false },
  },
  {
    name: "TBBN",
    bind: (numFeatures, momentum) => taskBalancedBatchNorm({ numFeatures, momentum }),
    ...{ together: true, balances: false },
  },
  {
    name: "BN Tricks, memory apart",
    bind: (numFeatures, momentum) => classBalancedBatchNorm({ numFeatures, momentum }),
    ...{ together: false, balances: true },
  },
];

/** Three 3×3 convolutions of 8, 16 and 16 channels with norm and ReLU, pooled twice, then one linear layer. */
export function networkOf(
  { bind }: Method,
  classes: number,
  side: number,
  seed: number,
): Sequential {
  const stream = random(seed);
  const conv = (inChannels: number, outChannels: number): Conv2d =>
    new Conv2d({ inChannels, outChannels, kernelSize: 3, padding: 1, random: stream });
  const layer = (channels: number): NormModule<Told> => new NormModule(bind(channels, 0.1));
  const pooled = Math.floor(side / 4);
  const inFeatures = 16 * pooled * pooled;
  return new Sequential(
    ...[conv(1, 8), layer(8), new ReLU(), new MaxPool2d({ kernelSize: 2 })],
    ...[conv(8, 16), layer(16), new ReLU()],
    ...[conv(16, 16), layer(16), new ReLU(), new MaxPool2d({ kernelSize: 2 })],
    ...[new Flatten(), new Linear({ inFeatures, outFeatures: classes, random: stream })],
  );
}
