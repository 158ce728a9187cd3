import { type Random, random } from "@evenkeel/autodiff";
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
import { type Companion, companions } from "./companions.ts";

/** The network that every norm is tried in; its norm layers are listed. */
export interface Network {
  readonly model: Sequential;
  /** What the norms are told of images from these domains; undefined where they are told nothing. */
  readonly condition: (domains: Int32Array) => unknown;
  /** What is around a training step. */
  readonly step: NonNullable<Companion["step"]>;
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
 * All norms start among the same weights: a norm draws its own from another stream. Some methods have a
 * convolution of their own; see `companions`.
 *
 * @param changes - Options of the norm other than the first that its case lists.
 */
export function network(
  norm: string,
  { shape, classes, domains }: NetworkSizes,
  seed: number,
  changes: object = {},
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
    const usual = usualOptions(norm, [outChannels, h, w], domains);
    const behind = normLayer(norm, { ...usual, ...changes }, normStream);
    const block = companions[norm]?.block?.({ conv, options }, behind) ?? [conv, behind];
    const activated = cases[norm]?.norm.card.activated ?? false;
    layers.push(...block, activated ? new Identity() : new ReLU());
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
    step: companions[norm]?.step ?? ((_, run) => run()),
    normLayers,
  };
}

/** A norm's options for feature maps of a shape: the first that its case lists, made for the domains. */
function usualOptions(
  norm: string,
  [channels, h, w]: readonly [number, number, number],
  domains: number,
): object {
  if (norm === baseline) return {};
  const { options, domains: told } = cases[norm]!;
  const usual = options(channels, [2, channels, h, w])[0]!;
  return told ? told.options(usual, domains) : usual;
}

function normLayer(norm: string, options: object, stream: Random): Module {
  if (norm === baseline) return new Identity();
  return new NormModule(cases[norm]!.norm(options), { random: stream });
}
