import { random } from "@evenkeel/autodiff";
import {
  activation,
  type Network,
  type NetworkSizes,
  networkOf,
  normLayer,
} from "@evenkeel/lab/network";
import { Flatten, Linear, type Module, Sequential } from "@evenkeel/nn";

const widths = [64, 64, 64];

/**
 * Three linear layers of 64, each followed by the norm and ReLU, then one linear layer. As in the lab's
 * convolutional network, all norms start among the same weights: a norm draws its own from another stream.
 */
export function mlp(
  norm: string,
  { shape, classes, domains }: NetworkSizes,
  seed: number,
): Network {
  const stream = random(seed);
  const normStream = random(seed).split();
  const layers: Module[] = [new Flatten()];
  let inFeatures = shape.reduce((product, n) => product * n, 1);
  const normLayers = widths.map((outFeatures, i) => {
    const behind = normLayer(norm, [outFeatures], { domains, random: normStream });
    layers.push(new Linear({ inFeatures, outFeatures, random: stream }), behind, activation(norm));
    inFeatures = outFeatures;
    return { at: layers.length - 2, name: `norm ${i + 1}` };
  });
  layers.push(new Linear({ inFeatures, outFeatures: classes, random: stream }));
  return networkOf(norm, new Sequential(...layers), normLayers, domains);
}
