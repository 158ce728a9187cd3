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
    const behind = normLayer(norm, [outChannels, h, w], { domains, random: normStream, changes });
    const block = companions[norm]?.block?.({ conv, options }, behind) ?? [conv, behind];
    layers.push(...block, activation(norm));
    normLayers.push({ at: layers.length - 2, name: `norm ${i + 1}` });
    if (i < 2) {
      layers.push(new MaxPool2d({ kernelSize: 2 }));
      [h, w] = [Math.floor(h / 2), Math.floor(w / 2)];
    }
    inChannels = outChannels;
  });
  const inFeatures = inChannels * h * w;
  layers.push(new Flatten(), new Linear({ inFeatures, outFeatures: classes, random: stream }));
  return networkOf(norm, new Sequential(...layers), normLayers, domains);
}

/** A model with what its norm's method asks for besides the layers. */
export function networkOf(
  norm: string,
  model: Sequential,
  normLayers: Network["normLayers"],
  domains: number,
): Network {
  const told = cases[norm]?.domains;
  return {
    model,
    condition: (ids) => told?.condition(ids, domains),
    step: companions[norm]?.step ?? ((_, run) => run()),
    normLayers,
  };
}

/** What stands behind a norm: nothing where the norm is an activation, too. */
export function activation(norm: string): Module {
  return cases[norm]?.norm.card.activated ? new Identity() : new ReLU();
}

/** What a norm layer is made for. */
export interface NormLayerOptions {
  readonly domains: number;
  /** For its first values. */
  readonly random: Random;
  /** Options of the norm other than the first that its case lists. */
  readonly changes?: object;
}

/** A norm with its usual options for activations [channels, …space] of a sample; none for the baseline. */
export function normLayer(
  norm: string,
  shape: readonly [channels: number, ...space: number[]],
  { domains, random, changes = {} }: NormLayerOptions,
): Module {
  if (norm === baseline) return new Identity();
  const { norm: kind, options, domains: told } = cases[norm]!;
  const usual = options(shape[0], [2, ...shape])[0]!;
  const own = told ? told.options(usual, domains) : usual;
  return new NormModule(kind({ ...own, ...changes }), { random });
}
