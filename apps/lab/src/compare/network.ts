import { random, type Tensor } from "@evenkeel/autodiff";
import {
  Conv2d,
  Flatten,
  Identity,
  Linear,
  MaxPool2d,
  type Module,
  NormModule,
  ReLU,
  Sequential,
} from "@evenkeel/nn";
import { baseline } from "../names.ts";
import { cases } from "../norms.ts";

/** The network that every norm is tried in; its norm layers are listed. */
export interface Network {
  readonly model: Sequential;
  /** Positions of the norm layers among the model's, with their names. */
  readonly normLayers: readonly { readonly at: number; readonly name: string }[];
}

/**
 * Three 3×3 convolutions of 16, 32 and 32 channels, each followed by the norm and ReLU and the first two by
 * max pooling, then one linear layer: some 19,000 parameters for images of 16×16.
 *
 * All norms start from the same weights: they are drawn before the norm is made.
 */
export function network(
  norm: string,
  [channels, height, width]: readonly [number, number, number],
  classes: number,
  seed: number,
): Network {
  const stream = random(seed);
  const widths = [16, 32, 32];
  const layers: Module[] = [];
  const normLayers: { at: number; name: string }[] = [];
  let [inChannels, h, w] = [channels, height, width];
  widths.forEach((outChannels, i) => {
    const conv = { inChannels, outChannels, kernelSize: 3, padding: 1, random: stream };
    layers.push(new Conv2d(conv));
    normLayers.push({ at: layers.length, name: `norm ${i + 1}` });
    layers.push(normLayer(norm, [outChannels, h, w]), new ReLU());
    if (i < 2) {
      layers.push(new MaxPool2d({ kernelSize: 2 }));
      [h, w] = [Math.floor(h / 2), Math.floor(w / 2)];
    }
    inChannels = outChannels;
  });
  const inFeatures = inChannels * h * w;
  layers.push(new Flatten(), new Linear({ inFeatures, outFeatures: classes, random: stream }));
  return { model: new Sequential(...layers), normLayers };
}

/** The norm with its usual options for feature maps of a shape: the first that its case lists. */
function normLayer(norm: string, [channels, h, w]: readonly [number, number, number]): Module {
  if (norm === baseline) return new Identity();
  const usual = cases[norm]!;
  return new NormModule(usual.norm(usual.options(channels, [2, channels, h, w])[0]!));
}

/** Runs the model layer by layer, showing what enters and leaves each norm. */
export function forwardWatching(
  { model, normLayers }: Network,
  x: Tensor,
  watch: (layer: string, before: Tensor, after: Tensor) => void,
): Tensor {
  model.layers.forEach((layer, i) => {
    const before = x;
    x = layer.forward(x);
    const found = normLayers.find(({ at }) => at === i);
    if (found) watch(found.name, before, x);
  });
  return x;
}
