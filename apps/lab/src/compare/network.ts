import { type Random, random, type Tensor } from "@evenkeel/autodiff";
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
  /** What the norms are told of images from these domains; undefined where they are told nothing. */
  readonly condition: (domains: Int32Array) => unknown;
  /** Positions of the norm layers among the model's, with their names. */
  readonly normLayers: readonly { readonly at: number; readonly name: string }[];
}

/** What of the data the network is built for. */
export interface NetworkSizes {
  readonly shape: readonly [channels: number, height: number, width: number];
  readonly classes: number;
  /** How many domains the images come from; 1 where none are known. */
  readonly domains: number;
}

/**
 * Three 3×3 convolutions of 16, 32 and 32 channels, each followed by the norm and ReLU and the first two by
 * max pooling, then one linear layer: some 19,000 parameters for images of 16×16.
 *
 * All norms start among the same weights: a norm draws its own from another stream.
 */
export function network(
  norm: string,
  { shape, classes, domains }: NetworkSizes,
  seed: number,
): Network {
  const [channels, height, width] = shape;
  const stream = random(seed);
  const normStream = random(seed).split();
  const widths = [16, 32, 32];
  const layers: Module[] = [];
  const normLayers: { at: number; name: string }[] = [];
  let [inChannels, h, w] = [channels, height, width];
  widths.forEach((outChannels, i) => {
    const options = { inChannels, outChannels, kernelSize: 3, padding: 1, random: stream };
    const conv = new Conv2d(options);
    const behind = normLayer(norm, [outChannels, h, w], domains, normStream);
    layers.push(conv, behind, new ReLU());
    normLayers.push({ at: layers.length - 2, name: `norm ${i + 1}` });
    if (i < 2) {
      layers.push(new MaxPool2d({ kernelSize: 2 }));
      [h, w] = [Math.floor(h / 2), Math.floor(w / 2)];
    }
    inChannels = outChannels;
  });
  const inFeatures = inChannels * h * w;
  layers.push(new Flatten(), new Linear({ inFeatures, outFeatures: classes, random: stream }));
  const told = cases[norm]?.domains;
  return {
    model: new Sequential(...layers),
    condition: (ids) => told?.condition(ids, domains),
    normLayers,
  };
}

/** The norm with its usual options for feature maps of a shape: the first that its case lists. */
function normLayer(
  norm: string,
  [channels, h, w]: readonly [number, number, number],
  domains: number,
  stream: Random,
): Module {
  if (norm === baseline) return new Identity();
  const { norm: bind, options, domains: told } = cases[norm]!;
  const usual = options(channels, [2, channels, h, w])[0]!;
  return new NormModule(bind(told ? told.options(usual, domains) : usual), { random: stream });
}

/** Runs the model layer by layer, showing what enters and leaves each norm. */
export function forwardWatching(
  { model, normLayers }: Network,
  x: Tensor,
  condition: unknown,
  watch: (layer: string, before: Tensor, after: Tensor) => void,
): Tensor {
  model.layers.forEach((layer, i) => {
    const before = x;
    x = layer.forward(x, condition);
    const found = normLayers.find(({ at }) => at === i);
    if (found) watch(found.name, before, x);
  });
  return x;
}
